package dev.tapestry.corpus;

import static dev.tapestry.corpus.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerFileTest {

    private static final String GOOD = json();

    @TempDir Path directory;

    @Test
    void merges_may_stand_as_text_or_as_pairs() {
        ByteLevelTokenizer texts = parse(GOOD);
        ByteLevelTokenizer pairs =
                parse(
                        GOOD.replaceFirst(
                                "\"merges\":\\[\"(\\S+) (\\S+?)\"", "\"merges\":[[\"$1\",\"$2\"]"));
        assertThat(pairs.digest()).isNotEqualTo(texts.digest());
        assertThat(pairs.encode("the thing there")).isEqualTo(texts.encode("the thing there"));
    }

    @Test
    void the_neighbour_names_the_end_and_else_a_usual_name_is_found() throws IOException {
        Files.writeString(directory.resolve("tokenizer.json"), GOOD);
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(directory);
        assertThat(tokenizer.endOfText()).hasValue(tokenizer.vocabSize() - 1);
        assertThat(tokenizer.beginOfText()).hasValue(tokenizer.vocabSize() - 2);
        Files.writeString(
                directory.resolve("tokenizer_config.json"),
                "{\"eos_token\":{\"content\":\"<|begin_of_text|>\"},\"bos_token\":null}");
        ByteLevelTokenizer other = ByteLevelTokenizer.open(directory.resolve("tokenizer.json"));
        assertThat(other.endOfText()).hasValue(tokenizer.vocabSize() - 2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "\"normalizer\":null~\"normalizer\":{\"type\":\"Lowercase\"}~the normalizer Lowercase",
                "\"decoder\":{\"type\":\"ByteLevel\"~\"decoder\":{\"type\":\"WordPiece\"~the decoder WordPiece",
                "\"type\":\"BPE\"~\"type\":\"Unigram\"~the model Unigram",
                "\"byte_fallback\":false~\"byte_fallback\":true~byte_fallback",
                "\"end_of_word_suffix\":null~\"end_of_word_suffix\":\"</w>\"~end_of_word_suffix",
                "\"dropout\":null~\"dropout\":0.1~dropout",
                "\"padding\":null~\"padding\":{}~padding",
                "\"lstrip\":false~\"lstrip\":true~lstrip of the added token",
                "\"behavior\":\"Isolated\"~\"behavior\":\"Removed\"~behavior 'Removed'",
                "\"type\":\"Split\"~\"type\":\"Metaspace\"~the pre_tokenizer Metaspace",
                "\"add_prefix_space\":false~\"add_prefix_space\":true~add_prefix_space",
                "(?i:'s~(?<=a)(?i:'s~(?<=a)",
                "(?i:'s~\\\\w(?i:'s~\\w",
                "(?i:'s~(a)*(?i:'s~)*",
                "(?i:'s~(?i:'s(~Unclosed",
            })
    void what_is_not_supported_is_named(String good, String bad, String name) {
        assertThat(GOOD).contains(good);
        assertRefused(() -> parse(GOOD.replace(good, bad)), Code.TOKENIZER_UNSUPPORTED, name);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "\"a\":64~\"a\":65~two tokens have the id 65",
                "\"a\":64~\"a\":-1~'a' must be a number",
                "\"a\":64~\"a\":99999999~'a' must be a number",
                "\"a\":64~\"a\":1.5~'a' must be a number",
                "\"a\":64,~``~has no token",
                "\"a\":64~\"a\":64,\"a\":64~not JSON",
                "\"a\":64~\"a\":64,\"é€\":300~not written in the byte alphabet",
                "\"merges\":[~\"merges\":[\"ab\",~a merge is",
                "\"merges\":[~\"merges\":[\"a b c\",~a merge is",
                "\"merges\":[~\"merges\":[[\"a\"],~a merge is",
                "\"merges\":[~\"merges\":[\"a q\",~merge 0",
                "\"merges\":[~\"m\":[~no array 'merges'",
                "\"vocab\":{~\"v\":{~no object 'vocab'",
                "\"model\":{~\"m\":{~an object 'model'",
                "\"content\":\"<|end_of_text|>\"~\"content\":\"\"~added token",
                "\"content\":\"<|end_of_text|>\"~\"content\":\"<|begin_of_text|>\"~stands there twice",
            })
    void what_contradicts_itself_is_refused(String good, String bad, String reason) {
        assertThat(GOOD).contains(good);
        assertRefused(() -> parse(GOOD.replace(good, bad)), Code.TOKENIZER_INVALID, reason);
    }

    @Test
    void many_threads_get_the_same_ids() {
        ByteLevelTokenizer shared = parse(GOOD);
        List<String> texts = Europarl.every(400).stream().map(Europarl.Speech::body).toList();
        List<int[]> alone = texts.stream().map(parse(GOOD)::encode).toList();
        List<int[]> together =
                IntStream.range(0, texts.size())
                        .parallel()
                        .mapToObj(i -> shared.encode(texts.get(i)))
                        .toList();
        assertThat(together).usingRecursiveComparison().isEqualTo(alone);
    }

    private static ByteLevelTokenizer parse(String json) {
        return ByteLevelTokenizer.parse(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String json() {
        BytePairTrainer trainer = new BytePairTrainer(300);
        Europarl.every(900).forEach(speech -> trainer.add(speech.body()));
        return new String(trainer.train().tokenizerJson(), StandardCharsets.UTF_8);
    }
}
