package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.ExtendedTokenizer;
import dev.tapestry.corpus.ExtendedTokenizer.NewToken;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class VocabularyExtensionTest {

    private static final String GREEK =
            "Το Συμβούλιο και το Κοινοβούλιο, το Συμβούλιο και η Επιτροπή, η Επιτροπή και το Κοινοβούλιο";

    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource({"true, 0", "false, 0", "true, 1", "true, 7"})
    void markers_of_a_template_get_rows_that_are_the_mean_of_their_old_tokens(
            boolean tied, int spare) throws IOException {
        ByteLevelTokenizer old = base(tied, spare);
        Path target = directory.resolve("chat");
        try (ModelDirectory base = ModelDirectory.open(directory.resolve("base"))) {
            assertThat(VocabularyExtension.forChat(base, ChatTemplate.CHATML, target)).isEqualTo(2);
            try (ModelDirectory chat = ModelDirectory.open(target);
                    Llama model = Llama.load(chat)) {
                ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(target);
                int start = tokenizer.id("<|im_start|>").getAsInt();
                int end = tokenizer.id("<|im_end|>").getAsInt();
                assertThat(start).isEqualTo(old.vocabSize());
                assertThat(model.config().vocabularySize())
                        .isEqualTo(old.vocabSize() + Math.max(2, spare));
                assertThat(model.config().endToken()).hasValue(end);
                assertThat(tokenizer.endOfText()).hasValue(end);
                for (String name :
                        tied
                                ? List.of("model.embed_tokens.weight")
                                : List.of("model.embed_tokens.weight", "lm_head.weight")) {
                    int[] pieces = old.encode("<|im_end|>");
                    assertThat(pieces).hasSizeGreaterThan(2);
                    for (int i = 0; i < 32; i++) {
                        double mean = 0;
                        for (int piece : pieces) {
                            mean += number(base, name, piece, i) / pieces.length;
                        }
                        assertThat(number(chat, name, end, i)).isCloseTo(mean, within(1e-4));
                        assertThat(number(chat, name, 65, i)).isEqualTo(number(base, name, 65, i));
                    }
                }
                assertThat(Files.readString(target.resolve("tokenizer_config.json")))
                        .contains("chat_template", "add_generation_prompt");
                assertThat(Files.readString(target.resolve("generation_config.json")))
                        .contains(Integer.toString(end));
                Path again = directory.resolve("again");
                assertThat(VocabularyExtension.forChat(chat, ChatTemplate.CHATML, again)).isZero();
                assertThat(again.resolve("model.safetensors"))
                        .hasSameBinaryContentAs(target.resolve("model.safetensors"));
            }
        }
    }

    @Test
    void a_new_script_takes_fewer_tokens_and_old_text_the_same() {
        ByteLevelTokenizer old = base(true, 0);
        Path target = directory.resolve("greek");
        try (ModelDirectory base = ModelDirectory.open(directory.resolve("base"))) {
            ExtendedTokenizer grown = ExtendedTokenizer.grown(json(), List.of(GREEK), 40);
            assertThat(grown.added()).hasSize(40);
            VocabularyExtension.withTokens(base, grown, target);
            ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(target);

            assertThat(tokenizer.encode(GREEK).length)
                    .isLessThan(old.encode(GREEK).length * 6 / 10);
            assertThat(tokenizer.decode(tokenizer.encode(GREEK))).isEqualTo(GREEK);
            assertThat(tokenizer.encode(TestModels.TEXT)).isEqualTo(old.encode(TestModels.TEXT));
            for (NewToken token : grown.added()) {
                List<Byte> spelt = new ArrayList<>();
                token.pieces().forEach(piece -> add(spelt, old.bytes(piece)));
                List<Byte> whole = new ArrayList<>();
                add(whole, tokenizer.bytes(token.id()));
                assertThat(whole).isEqualTo(spelt);
            }
            try (ModelDirectory greek = ModelDirectory.open(target);
                    Llama model = Llama.load(greek)) {
                assertThat(model.config().vocabularySize()).isEqualTo(old.vocabSize() + 40);
            }
        }
    }

    private static void add(List<Byte> list, byte[] bytes) {
        for (byte b : bytes) {
            list.add(b);
        }
    }

    @Test
    void a_model_without_a_tokenizer_is_refused() {
        try (Llama model = Llama.fresh(TestModels.tiny(), 8)) {
            model.saveTo(directory.resolve("bare"), DType.F32);
        }
        try (ModelDirectory bare = ModelDirectory.open(directory.resolve("bare"))) {
            assertThatThrownBy(() ->
                            VocabularyExtension.forChat(
                                    bare, ChatTemplate.LLAMA3, directory.resolve("x")))
                    .isInstanceOf(TrainingException.class)
                    .hasMessageContaining("tokenizer.json");
        }
    }

    private static TrainedTokenizer trained() {
        BytePairTrainer trainer = new BytePairTrainer(300);
        trainer.add(TestModels.TEXT);
        return trainer.train();
    }

    private static byte[] json() {
        return trained().tokenizerJson();
    }

    private ByteLevelTokenizer base(boolean tied, int spare) {
        TrainedTokenizer trained = trained();
        LlamaConfig config =
                LlamaConfig.small(trained.vocabSize() + spare, 32, 64, 1, 4, 2, 64)
                        .withTiedEmbeddings(tied);
        Path base = directory.resolve("base");
        try (Llama model = Llama.fresh(config, 8)) {
            model.saveTo(base, DType.BF16);
        }
        trained.write(base);
        return trained.tokenizer();
    }

    private static double number(ModelDirectory model, String name, int row, int column) {
        int bits =
                model.data(name).get(FloatConversion.SHORT_LE, 2L * (row * 32L + column)) & 0xffff;
        return Float.intBitsToFloat(bits << 16);
    }
}
