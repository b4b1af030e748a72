package dev.tapestry.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our ids against those of Hugging Face's own library, on real and on hostile text. */
class TokenizerAgreementTest {

    private static final long SEED = 20_261_123L;
    private static final String[] PIECES = {
        "a",
        "Z",
        "é",
        "e\u0301",
        "ß",
        "ſ",
        "'s",
        "'S",
        "'ſ",
        "'ll",
        "'LL",
        "'Re",
        "'",
        "’s",
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\u00a0",
        "\u2003",
        "\u3000",
        "\u2028",
        "\u0085",
        "\u000b",
        "\f",
        "\u001c",
        "\u200b",
        "\ufeff",
        "1",
        "12",
        "1234",
        "٣",
        "½",
        "Ⅷ",
        "²",
        "😀",
        "👨\u200d👩\u200d👧",
        "🇫🇮",
        "ἀρχή",
        "Ελλάδα",
        "ţară",
        "țară",
        "Ünïcödé",
        "привет",
        "ЁЖ",
        "مرحبا",
        "שלום",
        "中文字",
        "日本語",
        "한국어",
        "नमस्ते",
        "ไทย",
        "the ",
        " and",
        "Parliament",
        "-",
        "--",
        "...",
        "!?",
        "/",
        "\\",
        "\"",
        "<|",
        "|>",
        "\u0000",
        "\u007f",
        "\u00ad",
        "𝔘",
        "𐍈",
        "\u0301",
        "ﬁ",
        "İ",
        "ı",
        "K",
        "<|end_of_text|>"
    };

    @TempDir static Path directory;
    private static ByteLevelTokenizer ours;

    @BeforeAll
    static void train() {
        BytePairTrainer trainer = new BytePairTrainer(2048);
        Europarl.every(40).forEach(speech -> trainer.add(speech.body()));
        trainer.train().write(directory);
        ours = ByteLevelTokenizer.open(directory);
    }

    @Test
    void ids_agree_on_real_debates_in_21_languages() throws IOException {
        try (HuggingFaceTokenizer theirs = theirs(directory)) {
            for (Europarl.Speech speech : Europarl.every(20)) {
                assertSame(theirs, ours, speech.body());
            }
        }
    }

    @Test
    void ids_agree_on_thousands_of_strings_that_are_hard_to_cut() throws IOException {
        try (HuggingFaceTokenizer theirs = theirs(directory)) {
            hardStrings(theirs, ours, 3000);
        }
    }

    @Test
    void ids_agree_for_the_patterns_of_other_families() throws IOException {
        String json = Files.readString(directory.resolve("tokenizer.json"));
        String llama3 = "{\"type\":\"Sequence\",\"pretokenizers\":[";
        int from = json.indexOf(llama3);
        int to = json.indexOf("},\"post_processor\"");
        Map<String, String> families =
                Map.of(
                        "gpt2",
                        "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true",
                        "digits",
                        llama3
                                + "{\"type\":\"Digits\",\"individual_digits\":true},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}]",
                        "qwen2",
                        json.substring(from, to).replace("{1,3}", ""),
                        "o200k",
                        llama3
                                + "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]*[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]+[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n/]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+\"},\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}]");
        for (Map.Entry<String, String> family : families.entrySet()) {
            Path other = Files.createDirectories(directory.resolve(family.getKey()));
            String changed = json.substring(0, from) + family.getValue() + json.substring(to);
            changed =
                    changed.replace("\"normalizer\":null", "\"normalizer\":{\"type\":\"NFC\"}")
                            .replace("\"ignore_merges\":false", "\"ignore_merges\":true");
            Files.writeString(other.resolve("tokenizer.json"), changed);
            try (HuggingFaceTokenizer theirs = theirs(other)) {
                hardStrings(theirs, ByteLevelTokenizer.open(other), 500);
            }
        }
    }

    @Test
    void a_document_that_spells_a_special_token_does_not_get_it() {
        int end = ours.endOfText().orElseThrow();
        assertThat(ours.encode("a<|end_of_text|>b")).doesNotContain(end);
        assertThat(ours.encodeWithSpecials("a<|end_of_text|>b")).hasSize(3).contains(end);
        assertThat(ours.decode(ours.encode("a<|end_of_text|>b"))).isEqualTo("a<|end_of_text|>b");
    }

    private static void hardStrings(
            HuggingFaceTokenizer theirs, ByteLevelTokenizer tokenizer, int count) {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder();
            int pieces = 1 + random.nextInt(24);
            for (int p = 0; p < pieces; p++) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            assertSame(theirs, tokenizer, text.toString());
        }
    }

    private static void assertSame(
            HuggingFaceTokenizer theirs, ByteLevelTokenizer tokenizer, String text) {
        long[] expected = theirs.encode(text).getIds();
        assertThat(tokenizer.encodeWithSpecials(text))
                .as("ids of <%s>", text)
                .isEqualTo(LongStream.of(expected).mapToInt(Math::toIntExact).toArray());
    }

    private static HuggingFaceTokenizer theirs(Path directory) throws IOException {
        return HuggingFaceTokenizer.builder()
                .optTokenizerPath(directory.resolve("tokenizer.json"))
                .optTruncation(false)
                .optPadding(false)
                .build();
    }
}
