package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.training.Generation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.Sampling;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.architecture.Architecture;
import dev.tapestry.weights.architecture.RopeScaling;
import dev.tapestry.weights.architecture.Variant;
import dev.tapestry.weights.gguf.GgufWriter;
import dev.tapestry.weights.gguf.Quantisation;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Small models of every family with random weights: other engines compute the same. */
@Timeout(300)
class FamiliesTest {

    private static final List<String> SENTENCES =
            List.of("The committee shall vote on the report.", "Comisia a propus o ţară?");
    private static final int TOKENS = 3;

    @TempDir Path folder;

    static Stream<Variant> variants() {
        return Stream.of(
                new Variant(
                        Architecture.LLAMA,
                        new RopeScaling.Llama3(8, 1, 4, 32),
                        OptionalInt.empty()),
                Variant.of(Architecture.MISTRAL),
                Variant.of(Architecture.QWEN2),
                Variant.of(Architecture.QWEN3),
                Variant.of(Architecture.OLMO2));
    }

    @ParameterizedTest
    @MethodSource("variants")
    void the_gguf_file_gives_the_same_logits_and_words_in_llama_cpp(Variant variant)
            throws IOException, InterruptedException {
        Path model = model(variant);
        Path gguf = folder.resolve("model.gguf");
        GgufWriter.write(model, gguf, Quantisation.F32);
        JsonNode answers = OtherEngines.ask(folder, model, gguf, SENTENCES, TOKENS);
        try (ModelDirectory files = ModelDirectory.open(model);
                Llama llama = Llama.load(files)) {
            Generation generation = new Generation(llama);
            for (int i = 0; i < SENTENCES.size(); i++) {
                String sentence = SENTENCES.get(i);
                List<Integer> ids = ids(model, sentence);
                assertThat(OtherEngines.integers(answers.get(i).path("llamaIds"))).isEqualTo(ids);
                // llama.cpp keeps keys and values in 16 bits.
                OtherEngines.assertSame(
                        sentence,
                        generation.logitsAfter(ids),
                        OtherEngines.floats(answers.get(i).path("probabilities")),
                        2e-2);
                assertThat(OtherEngines.integers(answers.get(i).path("continued")))
                        .as(sentence)
                        .isEqualTo(generation.continued(ids, TOKENS, Sampling.greedy()));
            }
        }
    }

    static Stream<Variant> knownToJlama() {
        return Stream.of(Variant.of(Architecture.MISTRAL), Variant.of(Architecture.QWEN2));
    }

    @ParameterizedTest
    @MethodSource("knownToJlama")
    void the_directory_gives_the_same_logits_in_jlama(Variant variant) throws IOException {
        Path model = model(variant);
        try (ModelDirectory files = ModelDirectory.open(model);
                Llama llama = Llama.load(files)) {
            for (String sentence : SENTENCES) {
                List<Integer> ids = ids(model, sentence);
                OtherEngines.assertSame(
                        sentence,
                        new Generation(llama).logitsAfter(ids),
                        Jlama.probabilitiesAfter(model, ids),
                        1e-3);
            }
        }
    }

    private static List<Integer> ids(Path model, String sentence) {
        return Arrays.stream(ByteLevelTokenizer.open(model).encode(sentence)).boxed().toList();
    }

    /** Both ways are met: OLMo's file then has the matrix twice, since llama.cpp asks for it. */
    private static boolean tied(Architecture architecture) {
        return switch (architecture) {
            case LLAMA, MISTRAL, QWEN3 -> false;
            case QWEN2, OLMO2 -> true;
        };
    }

    /** Random, vectors too, with the tokenizer of the demo's base. */
    private Path model(Variant variant) throws IOException {
        LlamaConfig config =
                new LlamaConfig(
                                2048,
                                64,
                                96,
                                2,
                                4,
                                2,
                                16,
                                256,
                                10_000,
                                1e-5,
                                tied(variant.architecture()),
                                0.1,
                                OptionalInt.of(2046),
                                OptionalInt.of(2047))
                        .withVariant(variant);
        Path fresh = folder.resolve("fresh");
        try (Llama llama = Llama.fresh(config, 5)) {
            llama.saveTo(fresh, DType.F32);
        }
        Path demo = Program.home().resolve("models/demo-base");
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(demo.resolve(name), fresh.resolve(name));
        }
        Path model = folder.resolve("model");
        SplittableRandom random = new SplittableRandom(6);
        try (ModelDirectory files = ModelDirectory.open(fresh);
                ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(files, model)) {
            for (TensorSpec spec : files.tensors().values()) {
                MemorySegment to = writer.data(spec.name());
                to.copyFrom(files.data(spec.name()));
                for (long at = 0; spec.shape().size() == 1 && at < to.byteSize(); at += 4) {
                    float noise = (float) random.nextDouble(-0.5, 0.5);
                    to.set(
                            FloatConversion.FLOAT_LE,
                            at,
                            to.get(FloatConversion.FLOAT_LE, at) + noise);
                }
            }
            writer.commit();
        }
        return model;
    }
}
