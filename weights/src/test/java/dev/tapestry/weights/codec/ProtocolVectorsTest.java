package dev.tapestry.weights.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The test vectors that {@code docs/protocol.md} gives to other implementations. */
class ProtocolVectorsTest {

    private static final Pattern VECTOR =
            Pattern.compile("^\\| `([a-z0-9]+/\\d+)` \\| `([0-9a-f]+)` \\|$", Pattern.MULTILINE);

    @Test
    void every_codec_writes_the_bytes_that_the_protocol_shows() throws IOException {
        Map<Codec, String> documented = new EnumMap<>(Codec.class);
        Matcher matcher = VECTOR.matcher(Files.readString(Path.of("../docs/protocol.md")));
        while (matcher.find()) {
            documented.put(Codec.named(matcher.group(1)), matcher.group(2));
        }
        assertThat(documented).containsOnlyKeys(Codec.values());
        float[] numbers = new float[20];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (7 * i % 13 - 6) / 4f;
        }
        documented.forEach((codec, hex) ->
                assertThat(HexFormat.of().formatHex(Coding.encode(codec.coder(), numbers)))
                        .as(codec.wireName())
                        .isEqualTo(hex));
    }

    @Test
    void what_the_vectors_decode_to_can_be_followed_by_hand() {
        byte[] topk = HexFormat.of().parseHex("0d000000c03f803f0000803f0000ffe107");
        float[] decoded = new float[20];
        decoded[0] = -1.5f;
        decoded[11] = 1.5f;
        assertThat(Coding.decode(Codec.TOPK_16.coder(), topk, 20)).containsExactly(decoded);
        byte[] powers = HexFormat.of().parseHex("c03f4f");
        assertThat(Coding.decode(Codec.E3M0.coder(), powers, 2)).containsExactly(-1.5f, 0.1875f);
    }
}
