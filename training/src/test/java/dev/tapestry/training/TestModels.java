package dev.tapestry.training;

import dev.tapestry.weights.architecture.Architecture;
import dev.tapestry.weights.architecture.RopeScaling;
import dev.tapestry.weights.architecture.Variant;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** Small models and texts that several tests share. */
final class TestModels {

    static final String TEXT =
            "Whereas recognition of the inherent dignity and of the equal and inalienable rights of"
                    + " all members of the human family is the foundation of freedom, justice and peace"
                    + " in the world. ";

    private TestModels() {}

    /** Bytes as tokens; grouped-query attention; about 60 k parameters. */
    static LlamaConfig tiny() {
        return LlamaConfig.small(256, 32, 64, 2, 4, 2, 64);
    }

    /** A shape in which no two sizes are equal, with a head wider than hidden / heads. */
    static LlamaConfig odd(boolean tied) {
        return new LlamaConfig(
                97,
                24,
                40,
                3,
                6,
                2,
                8,
                32,
                5000,
                1e-6,
                tied,
                0.3,
                OptionalInt.of(1),
                OptionalInt.of(2));
    }

    /** One of each kind; the window is shorter than the sequences of the tests. */
    static Stream<LlamaConfig> variants() {
        RopeScaling none = new RopeScaling.None();
        RopeScaling llama3 = new RopeScaling.Llama3(4, 1, 4, 16);
        OptionalInt all = OptionalInt.empty();
        return Stream.of(
                odd(true).withVariant(new Variant(Architecture.LLAMA, llama3, all)),
                odd(true)
                        .withVariant(
                                new Variant(Architecture.LLAMA, new RopeScaling.Linear(2.5), all)),
                odd(false).withVariant(new Variant(Architecture.MISTRAL, none, OptionalInt.of(5))),
                odd(true).withVariant(Variant.of(Architecture.QWEN2)),
                odd(false).withVariant(Variant.of(Architecture.QWEN3)),
                odd(false).withVariant(Variant.of(Architecture.OLMO2)));
    }

    static Tokens text(int repetitions) {
        byte[] bytes =
                TEXT.repeat(repetitions).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        int[] ids = new int[bytes.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes[i];
        }
        return Tokens.of(ids);
    }

    static int[] randomIds(int count, int vocabulary, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = random.nextInt(vocabulary);
        }
        return ids;
    }

    static TrainingPlan plan(OptimizerPlan optimizer, Precision precision) {
        return new TrainingPlan(
                optimizer, new LearningRateSchedule.Constant(1000), 4, 32, 1.0, precision, 7, 1);
    }

    /** Norms that are not all one and biases that are not zero, so that forgetting would show. */
    static Llama unevenNorms(Llama model) {
        try (PointerScope _ = new PointerScope()) {
            Tensor norms =
                    FlatParameters.range(
                            model.parameters().values(), model.parameters().layout().undecayed());
            for (long i = 0; i < norms.numel(); i++) {
                norms.narrow(0, i, 1).fill_(new Scalar(0.5 + (i % 7) / 5.0));
            }
        }
        return model;
    }
}
