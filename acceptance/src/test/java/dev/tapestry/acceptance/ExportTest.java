package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.training.Generation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Sampling;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What we export is what other programs read: the demo's base, in F32, on several scripts. */
@Timeout(400)
class ExportTest {

    private static final List<String> SENTENCES =
            List.of(
                    "The committee shall vote on the report at 12:30.",
                    "El Parlamento Europeo no ha podido aprobar la propuesta,",
                    "Comisia a propus o ţară sau o țară?",
                    "Ελλάδα και привет, 中文 日本語 한국어 مرحبا 😀\n\n  two  spaces\t1234567");
    private static final int TOKENS = 16;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir static Path folder;
    private static Path model;

    @BeforeAll
    static void import_the_base_as_anybody_would() {
        model = folder.resolve("model");
        assertThat(
                        Program.here(
                                "model",
                                "import",
                                Program.home().resolve("models/demo-base"),
                                model,
                                "--dtype",
                                "f32"))
                .isZero();
    }

    @Test
    void the_ids_are_those_of_hugging_faces_library() throws IOException {
        try (HuggingFaceTokenizer theirs =
                HuggingFaceTokenizer.newInstance(model.resolve("tokenizer.json"))) {
            for (String sentence : SENTENCES) {
                Encoding encoding = theirs.encode(sentence, false, false);
                assertThat(ids(sentence))
                        .as(sentence)
                        .isEqualTo(
                                Arrays.stream(encoding.getIds()).mapToObj(id -> (int) id).toList());
            }
        }
    }

    @Test
    void the_hugging_face_directory_gives_the_same_logits_in_jlama() throws IOException {
        for (String sentence : SENTENCES) {
            List<Integer> ids = ids(sentence);
            OtherEngines.assertSame(
                    sentence, logits(ids), Jlama.probabilitiesAfter(model, ids), 1e-3);
        }
    }

    @Test
    void the_gguf_file_gives_the_same_ids_logits_and_words_in_llama_cpp()
            throws IOException, InterruptedException {
        Path gguf = folder.resolve("model.gguf");
        assertThat(Program.here("model", "export", model, "--gguf", gguf, "--quantisation", "f32"))
                .isZero();
        JsonNode answers = OtherEngines.ask(folder, model, gguf, SENTENCES, TOKENS);
        try (ModelDirectory files = ModelDirectory.open(model);
                Llama llama = Llama.load(files)) {
            for (int i = 0; i < SENTENCES.size(); i++) {
                String sentence = SENTENCES.get(i);
                JsonNode answer = answers.get(i);
                List<Integer> ids = ids(sentence);
                assertAll(
                        () ->
                                assertThat(OtherEngines.integers(answer.path("ids")))
                                        .as(sentence)
                                        .isEqualTo(ids),
                        () ->
                                assertThat(OtherEngines.integers(answer.path("llamaIds")))
                                        .as(sentence)
                                        .isEqualTo(ids),
                        // llama.cpp keeps keys and values in 16 bits.
                        () ->
                                OtherEngines.assertSame(
                                        sentence,
                                        logits(ids),
                                        OtherEngines.floats(answer.path("probabilities")),
                                        1e-2),
                        () ->
                                assertThat(OtherEngines.integers(answer.path("continued")))
                                        .as(sentence)
                                        .isEqualTo(
                                                new Generation(llama)
                                                        .continued(
                                                                ids, TOKENS, Sampling.greedy())));
            }
        }
    }

    private static List<Integer> ids(String sentence) {
        return Arrays.stream(ByteLevelTokenizer.open(model).encode(sentence)).boxed().toList();
    }

    /** What {@code tapestry model logits} writes. */
    private static float[] logits(List<Integer> ids) throws IOException {
        Path file = folder.resolve("logits.json");
        String words = ids.stream().map(Object::toString).collect(Collectors.joining(","));
        assertThat(Program.here("model", "logits", model, "--ids", words, "--json", file)).isZero();
        return OtherEngines.floats(JSON.readTree(file).path("logits"));
    }
}
