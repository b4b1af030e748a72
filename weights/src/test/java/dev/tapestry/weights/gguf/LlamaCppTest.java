package dev.tapestry.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.LogFormat;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What we write is read by llama.cpp, which knows nothing of us. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class LlamaCppTest {

    /** "hello the": Ġthe is a token of its own. */
    private static final String PROMPT = "hello the";

    private static final List<Integer> PROMPT_IDS = List.of(104, 101, 108, 108, 111, 261);

    @TempDir Path folder;

    @BeforeAll
    static void unpackWhereNobodyElseDoes(@TempDir Path natives) {
        System.setProperty("de.kherud.llama.tmpdir", natives.toString());
        LlamaModel.setLogger(LogFormat.TEXT, (level, message) -> {});
    }

    @ParameterizedTest
    @CsvSource({"F32, F32", "F32, F16", "BF16, F32"})
    void llama_cpp_says_the_same_letters_as_a_slow_computation(
            DType dtype, Quantisation quantisation) {
        Path directory = new TinyLlama().in(dtype).write(folder.resolve("model"));
        try (ModelDirectory model = ModelDirectory.open(directory);
                LlamaModel exported = export(directory, quantisation)) {
            assertThat(exported.encode(PROMPT))
                    .containsExactly(PROMPT_IDS.stream().mapToInt(id -> id).toArray());
            ReferenceForward slow = new ReferenceForward(new TinyLlama(), model);
            assertThat(complete(exported)).isEqualTo(said(slow, 12));
        }
    }

    /** Qwen 3 is younger than this llama.cpp; a newer one reads it in the acceptance tests. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "mistral | , \"sliding_window\": null",
                "mistral | , \"sliding_window\": 64",
                "qwen2 | , \"use_sliding_window\": false",
                "olmo2 | ~~",
                "llama | , \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}",
                "llama | , \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0,"
                        + " \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0,"
                        + " \"original_max_position_embeddings\": 32}"
            })
    void llama_cpp_says_the_same_letters_for_every_relative(String type, String settings) {
        TinyLlama shape = new TinyLlama().as(type, settings);
        Path directory = shape.write(folder.resolve("model"));
        try (ModelDirectory model = ModelDirectory.open(directory);
                LlamaModel exported = export(directory, Quantisation.F32)) {
            assertThat(complete(exported)).isEqualTo(said(new ReferenceForward(shape, model), 12));
        }
    }

    /**
     * llama.cpp rounds activations too, so letters are compared up to where two are nearly as
     * likely.
     */
    @ParameterizedTest
    @CsvSource({"Q8_0, llama", "Q4_0, llama", "Q4_K_M, llama", "Q4_K_M, qwen2"})
    void llama_cpp_reads_the_same_numbers_out_of_few_bits(Quantisation quantisation, String type)
            throws IOException {
        TinyLlama shape = new TinyLlama().as(type, "").wide();
        Path directory = shape.write(folder.resolve("model"));
        int compared = 0;
        try (ModelDirectory model = ModelDirectory.open(directory);
                LlamaModel exported = export(directory, quantisation)) {
            GgufReader file = new GgufReader(folder.resolve("model.gguf"));
            ReferenceForward slow =
                    new ReferenceForward(shape, model, new Dequantised(shape, file)::rows);
            for (String prompt : List.of("hello", "moon", "kiwi", "noon")) {
                List<Integer> ids = prompt.chars().boxed().toList();
                String sure = letters(slow.surely(ids, 4, 1));
                assertThat(complete(exported, prompt)).as(prompt).startsWith(sure);
                compared += sure.length();
            }
        }
        assertThat(compared).isGreaterThan(3);
    }

    private static String letters(List<Integer> ids) {
        StringBuilder letters = new StringBuilder();
        ids.forEach(id -> letters.append((char) id.intValue()));
        return letters.toString();
    }

    private static String said(ReferenceForward slow, int count) {
        return letters(slow.greedy(PROMPT_IDS, count));
    }

    @Test
    void llama_cpp_loads_eight_bits_and_tied_embeddings() {
        Path directory = new TinyLlama().withTiedEmbeddings().write(folder.resolve("model"));
        try (LlamaModel exported = export(directory, Quantisation.Q8_0)) {
            assertThat(complete(exported)).isNotEmpty();
        }
    }

    @Test
    void eight_bits_say_the_same_letters_too() {
        Path directory = new TinyLlama().write(folder.resolve("model"));
        try (LlamaModel exported = export(directory, Quantisation.Q8_0)) {
            assertThat(complete(exported)).matches("[a-z]{12}");
        }
    }

    @Test
    void words_go_before_merges_only_where_the_tokenizer_says_so() {
        Path merging = new TinyLlama().write(folder.resolve("merging"));
        Path words = new TinyLlama().withWordsBeforeMerges().write(folder.resolve("words"));
        try (LlamaModel first = export(merging, Quantisation.F32);
                LlamaModel second = export(words, Quantisation.F32)) {
            assertThat(first.encode("abc")).containsExactly('a', 257);
            assertThat(second.encode("abc")).containsExactly(259);
        }
    }

    /** Numbers show which rule it is: by three, one by one; and words that begin at capitals. */
    @ParameterizedTest
    @CsvSource({"qwen2, false", "tekken, true", "smollm, false"})
    void llama_cpp_knows_how_the_family_cuts_words(String rule, boolean words) throws IOException {
        TinyLlama shape = words ? new TinyLlama().withWordsBeforeMerges() : new TinyLlama();
        Path directory = shape.write(folder.resolve("model"));
        Path tokenizer = directory.resolve("tokenizer.json");
        Files.writeString(tokenizer, cutting(Files.readString(tokenizer), rule));
        try (LlamaModel exported = export(directory, Quantisation.F32)) {
            assertThat(new GgufReader(folder.resolve("model.gguf")).keys)
                    .containsEntry("tokenizer.ggml.pre", rule);
            assertThat(exported.encode("12 the")).containsExactly('1', '2', 261);
        }
    }

    private static String cutting(String tokenizer, String rule) {
        ObjectNode json = (ObjectNode) JsonMapper.shared().readTree(tokenizer);
        ArrayNode steps = (ArrayNode) json.path("pre_tokenizer").path("pretokenizers");
        ObjectNode first = (ObjectNode) steps.get(0);
        switch (rule) {
            case "qwen2" ->
                    first.putObject("pattern")
                            .put("Regex", GgufTokenizer.LLAMA3.replace("{1,3}", ""));
            case "tekken" -> first.putObject("pattern").put("Regex", GgufTokenizer.TEKKEN);
            default -> {
                steps.set(
                        0, first.objectNode().put("type", "Digits").put("individual_digits", true));
                ((ObjectNode) steps.get(1)).put("use_regex", true);
            }
        }
        return json.toString();
    }

    private LlamaModel export(Path directory, Quantisation quantisation) {
        Path target = directory.resolveSibling(directory.getFileName() + ".gguf");
        GgufWriter.write(directory, target, quantisation);
        return new LlamaModel(
                new ModelParameters()
                        .setModel(target.toString())
                        .setCtxSize(128)
                        .setThreads(1)
                        .disableLog());
    }

    private static String complete(LlamaModel model) {
        return complete(model, PROMPT);
    }

    private static String complete(LlamaModel model, String prompt) {
        return model.complete(
                new InferenceParameters(prompt).setTemperature(0).setTopK(1).setNPredict(12));
    }
}
