package dev.tapestry.app.bench;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.Residency;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Models of random fp32 weights that no two parts of have the same bytes. Written through mapped
 * files whose pages are given back as soon as they are full.
 */
final class SyntheticModel {

    /** The name of the one file with all weights. */
    static final String SHARD = "model.safetensors";

    private static final long COLUMNS = 1024;
    private static final int LAYERS = 4;
    private static final int CHUNK = 1 << 18;

    private SyntheticModel() {}

    /** Writes a model of about this many megabytes (10⁶ bytes), in one shard. */
    static void base(Path target, int megabytes, long seed) {
        base(target, megabytes, 1, seed);
    }

    /** The same in so many shards. */
    static void base(Path target, int megabytes, int shards, long seed) {
        int layers = LAYERS * shards;
        long rows = Math.max(1, megabytes * 1_000_000L / Float.BYTES / COLUMNS / layers);
        List<TensorSpec> specs = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            specs.add(TensorSpec.of("model.layers." + layer + ".weight", DType.F32, rows, COLUMNS));
        }
        SplittableRandom random = new SplittableRandom(seed);
        float[] chunk = new float[CHUNK];
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(target, specs, LAYERS * specs.getFirst().bytes())) {
            writer.addFile(
                    ModelDirectory.CONFIG,
                    "{\"model_type\":\"llama\"}".getBytes(StandardCharsets.UTF_8));
            for (TensorSpec spec : specs) {
                MemorySegment to = writer.data(spec.name());
                for (long at = 0; at < spec.elements(); at += CHUNK) {
                    int count = (int) Math.min(CHUNK, spec.elements() - at);
                    for (int i = 0; i < count; i++) {
                        chunk[i] = unit(random.nextInt());
                    }
                    store(chunk, count, to, at);
                }
            }
            writer.commit();
        }
    }

    /** Writes {@code base} with noise of a thousandth of its weights' size on every weight. */
    static void disturbed(Path base, Path target, long seed) {
        disturbed(base, target, DType.F32, seed);
    }

    /** The same in F32 or rounded to BF16. */
    static void disturbed(Path base, Path target, DType dtype, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] chunk = new float[CHUNK];
        try (ModelDirectory source = ModelDirectory.open(base);
                ModelDirectoryWriter writer =
                        ModelDirectoryWriter.createLike(source, target, dtype)) {
            for (TensorSpec spec : source.tensors().values()) {
                MemorySegment from = source.data(spec.name());
                MemorySegment to = writer.data(spec.name());
                for (long at = 0; at < spec.elements(); at += CHUNK) {
                    int count = (int) Math.min(CHUNK, spec.elements() - at);
                    long bytes = at * Float.BYTES;
                    MemorySegment.copy(from, FloatConversion.FLOAT_LE, bytes, chunk, 0, count);
                    for (int i = 0; i < count; i++) {
                        chunk[i] += 0.001f * unit(random.nextInt());
                    }
                    store(chunk, count, to, dtype, at);
                    Residency.release(from, bytes, (long) count * Float.BYTES);
                }
            }
            writer.commit();
        }
    }

    private static void store(float[] chunk, int count, MemorySegment to, long at) {
        store(chunk, count, to, DType.F32, at);
    }

    private static void store(float[] chunk, int count, MemorySegment to, DType dtype, long at) {
        MemorySegment place = to.asSlice(at * dtype.bytes(), (long) count * dtype.bytes());
        if (dtype == DType.F32) {
            MemorySegment.copy(chunk, 0, place, FloatConversion.FLOAT_LE, 0, count);
        } else {
            FloatConversion.narrow(
                    dtype, MemorySegment.ofArray(chunk).asSlice(0, 4L * count), place);
        }
        Residency.release(to, at * dtype.bytes(), place.byteSize());
    }

    /** In [−0.5, 0.5). */
    private static float unit(int random) {
        return (random >> 8) * 0x1p-24f;
    }
}
