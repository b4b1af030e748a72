package dev.tapestry.corpus;

import static java.lang.Character.UnicodeScript.GREEK;
import static java.lang.Character.UnicodeScript.LATIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ExtendedTokenizerTest {

    @TempDir Path directory;

    /** Latin first, then Greek on top, then markers on top of that. */
    @Test
    void hugging_face_reads_a_grown_tokenizer_with_new_markers_as_we_do() throws IOException {
        BytePairTrainer latin = new BytePairTrainer(700);
        speeches(LATIN).forEach(latin::add);
        byte[] old = latin.train().tokenizerJson();
        List<String> greek = speeches(GREEK);
        byte[] grown = ExtendedTokenizer.grown(old, greek, 400).bytes();
        ExtendedTokenizer marked =
                ExtendedTokenizer.of(grown, List.of("<|im_start|>", "<|im_end|>"), true);
        ByteLevelTokenizer ours = ByteLevelTokenizer.parse(marked.bytes());
        Path file = directory.resolve("tokenizer.json");
        Files.write(file, marked.bytes());
        try (HuggingFaceTokenizer theirs = HuggingFaceTokenizer.newInstance(file)) {
            for (String text : List.of(greek.getFirst(), speeches(LATIN).getFirst())) {
                String marks = "<|im_start|>" + text + "<|im_end|>\n<|end_of_text|>";
                assertThat(ours.encodeWithSpecials(marks))
                        .isEqualTo(
                                Arrays.stream(theirs.encode(marks, false, false).getIds())
                                        .mapToInt(Math::toIntExact)
                                        .toArray());
            }
        }
        ByteLevelTokenizer before = ByteLevelTokenizer.parse(old);
        int[] fewer = ours.encode(greek.getFirst());
        assertThat(fewer.length).isLessThan(before.encode(greek.getFirst()).length / 2);
        assertThat(ours.decode(fewer)).isEqualTo(greek.getFirst());
        assertThat(ours.endOfText()).isEqualTo(before.endOfText());
    }

    @Test
    void growing_is_the_same_whatever_the_order_of_the_texts() {
        byte[] old = new BytePairTrainer(258).train().tokenizerJson();
        List<String> texts = speeches(GREEK);
        assertThat(ExtendedTokenizer.grown(old, texts, 50))
                .isEqualTo(ExtendedTokenizer.grown(old, texts.reversed(), 50));
    }

    @Test
    void a_file_that_is_no_tokenizer_and_an_empty_token_are_refused() {
        byte[] old = new BytePairTrainer(258).train().tokenizerJson();
        assertThatThrownBy(() -> ExtendedTokenizer.of(new byte[] {'{'}, List.of("a"), true))
                .isInstanceOf(CorpusException.class);
        assertThatThrownBy(() -> ExtendedTokenizer.of(old, List.of(""), true))
                .isInstanceOf(CorpusException.class)
                .hasMessageContaining("empty");
    }

    private static List<String> speeches(Character.UnicodeScript script) {
        return Europarl.every(1).stream()
                .map(Europarl.Speech::body)
                .filter(body ->
                        body.codePoints()
                                        .filter(c -> Character.UnicodeScript.of(c) == script)
                                        .count()
                                > body.length() / 2)
                .limit(60)
                .toList();
    }
}
