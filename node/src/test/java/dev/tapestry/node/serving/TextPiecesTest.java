package dev.tapestry.node.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Text that comes in pieces is the text that comes whole. */
final class TextPiecesTest {

    @Test
    void characters_are_held_until_they_are_whole() {
        String text = "Zażółć 😀 ελληνικά";
        byte[] bytes = text.getBytes(UTF_8);
        Utf8Pieces pieces = new Utf8Pieces();
        StringBuilder said = new StringBuilder();
        for (byte one : bytes) {
            String piece = pieces.put(new byte[] {one});
            assertThat(piece).doesNotContain("\ufffd");
            said.append(piece);
        }
        assertThat(said.append(pieces.end())).hasToString(text);
        Utf8Pieces cut = new Utf8Pieces();
        assertThat(cut.put(new byte[] {'a', (byte) 0xc3}) + cut.end()).isEqualTo("a\ufffd");
    }

    @Test
    void a_stop_over_several_pieces_is_never_said_however_the_text_is_cut() {
        String text = "one two\n\nthree ## four";
        Random random = new Random(4);
        for (int i = 0; i < 200; i++) {
            StopStrings stops = new StopStrings(List.of("##", "\n\nthere", "ee #"));
            StringBuilder said = new StringBuilder();
            for (int at = 0; at < text.length(); ) {
                int next = Math.min(text.length(), at + 1 + random.nextInt(5));
                said.append(stops.put(text.substring(at, next)));
                at = next;
            }
            assertThat(said.append(stops.end())).hasToString("one two\n\nthr");
            assertThat(stops.stopped()).isTrue();
        }
        StopStrings none = new StopStrings(List.of("###"));
        assertThat(none.put("a ##") + none.end()).isEqualTo("a ##");
    }
}
