package dev.tapestry.aggregation;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import java.util.TreeMap;

/** Small real models on disk, from arrays that a test can read. */
final class Models implements AutoCloseable {

    /** Longer than a window. */
    static final TensorSpec LONG_MATRIX =
            TensorSpec.of("model.layers.0.mlp.up_proj.weight", DType.F32, 530, 509);

    /** Shapes like those of a Llama. */
    static final List<TensorSpec> SMALL_LLAMA =
            List.of(
                    TensorSpec.of("model.embed_tokens.weight", DType.F32, 37, 16),
                    TensorSpec.of("model.layers.0.mlp.down_proj.weight", DType.F32, 40, 30),
                    TensorSpec.of("model.layers.0.self_attn.q_proj.weight", DType.F32, 16, 16),
                    TensorSpec.of("model.layers.1.self_attn.q_proj.weight", DType.F32, 16, 16),
                    TensorSpec.of("model.norm.weight", DType.F32, 16));

    private final Path folder;
    private final List<ModelDirectory> opened = new ArrayList<>();

    Models(Path folder) {
        this.folder = folder;
    }

    /** Writes and opens a model with these tensors and values. */
    ModelDirectory write(
            String name, List<TensorSpec> specs, Map<String, float[]> values, long maxShardBytes) {
        Path path = folder.resolve(name);
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(path, specs, maxShardBytes)) {
            writer.addFile("config.json", "{}".getBytes(StandardCharsets.UTF_8));
            writer.addFile("tokenizer.json", "{\"a\": 1}".getBytes(StandardCharsets.UTF_8));
            for (TensorSpec spec : specs) {
                fill(
                        spec.dtype(),
                        Objects.requireNonNull(values.get(spec.name())),
                        writer.data(spec.name()));
            }
            writer.commit();
        }
        return open(path);
    }

    ModelDirectory write(String name, List<TensorSpec> specs, Map<String, float[]> values) {
        return write(name, specs, values, Long.MAX_VALUE);
    }

    /** A model of one vector. */
    ModelDirectory vector(String name, float... values) {
        return write(
                name, List.of(TensorSpec.of("v", DType.F32, values.length)), Map.of("v", values));
    }

    /** A model of one hidden matrix with two columns. */
    ModelDirectory matrix(String name, float... values) {
        return write(
                name,
                List.of(TensorSpec.of("m", DType.F32, values.length / 2, 2)),
                Map.of("m", values));
    }

    ModelDirectory open(Path path) {
        ModelDirectory model = ModelDirectory.open(path);
        opened.add(model);
        return model;
    }

    private static void fill(DType dtype, float[] values, MemorySegment target) {
        for (int i = 0; i < values.length; i++) {
            switch (dtype) {
                case F32 -> target.set(ScalarKernels.F32, 4L * i, values[i]);
                case BF16 ->
                        target.set(
                                ScalarKernels.BF16,
                                2L * i,
                                (short) (Float.floatToRawIntBits(values[i]) >>> 16));
                case F16 -> target.set(ScalarKernels.BF16, 2L * i, Float.floatToFloat16(values[i]));
                case U8 -> throw new IllegalArgumentException("no weights are U8");
            }
        }
    }

    static float[] values(ModelDirectory model, String tensor) {
        float[] values = new float[(int) model.tensor(tensor).elements()];
        MemorySegment.copy(model.data(tensor), ScalarKernels.F32, 0, values, 0, values.length);
        return values;
    }

    static Map<String, float[]> values(ModelDirectory model) {
        Map<String, float[]> values = new LinkedHashMap<>();
        model.tensors().keySet().forEach(name -> values.put(name, values(model, name)));
        return values;
    }

    /** Gaussian values, about as large as weights are. */
    static Map<String, float[]> random(List<TensorSpec> specs, Random random, double deviation) {
        Map<String, float[]> values = new LinkedHashMap<>();
        for (TensorSpec spec : specs) {
            float[] tensor = new float[(int) spec.elements()];
            for (int i = 0; i < tensor.length; i++) {
                tensor[i] = (float) (random.nextGaussian() * deviation);
            }
            values.put(spec.name(), tensor);
        }
        return values;
    }

    static Map<String, float[]> near(Map<String, float[]> base, Random random, double deviation) {
        Map<String, float[]> values = new LinkedHashMap<>();
        base.forEach((name, tensor) -> {
            float[] moved = tensor.clone();
            for (int i = 0; i < moved.length; i++) {
                moved[i] += (float) (random.nextGaussian() * deviation);
            }
            values.put(name, moved);
        });
        return values;
    }

    static WeightedContribution weighted(ModelDirectory model, double weight) {
        Digest name = Digest.of(model.path().toString().getBytes(StandardCharsets.UTF_8));
        return new WeightedContribution(model, name, weight);
    }

    /** Members a, b, c … with these weights. */
    static SequencedMap<MemberId, WeightedContribution> members(
            List<ModelDirectory> models, double... weights) {
        SequencedMap<MemberId, WeightedContribution> members = new TreeMap<>();
        for (int i = 0; i < weights.length; i++) {
            members.put(
                    new MemberId(Character.toString('a' + i)), weighted(models.get(i), weights[i]));
        }
        return members;
    }

    /** The mean, and outer SGD without momentum. */
    static MergeRule sgd(double rate) {
        return MergeRule.diLoCo(rate, 0);
    }

    /** The norm-preserving direction with Nesterov's momentum. */
    static MergeRule preserving(double rate, double momentum) {
        return MergeRule.of(OuterOptimizer.diLoCo(rate, momentum), new Aggregator.NormPreserving());
    }

    static MergeOrder order(
            ModelDirectory base,
            SequencedMap<MemberId, WeightedContribution> members,
            MergeRule rule) {
        return order(base, members, rule, Optional.empty());
    }

    static MergeOrder order(
            ModelDirectory base,
            SequencedMap<MemberId, WeightedContribution> members,
            MergeRule rule,
            Optional<OuterState> state) {
        Digest digest = Digest.of(base.path().toString().getBytes(StandardCharsets.UTF_8));
        return MergeOrder.of(base, digest, members, rule, state);
    }

    /** Merges and opens the candidate. */
    ModelDirectory merged(MergeOrder order, String name) {
        return open(Merge.run(order, folder.resolve(name), 1).candidate());
    }

    @Override
    public void close() {
        opened.forEach(ModelDirectory::close);
    }
}
