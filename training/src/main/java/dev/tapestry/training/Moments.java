package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The optimiser's running averages of gradients as a directory of named tensors, one-dimensional
 * and F32, so that they can be coded, merged and published as weights are.
 *
 * <p>Why members share them: Muon and AdamW normalise, so a member's step has the same length
 * whether its gradient is large or small, and the mean of normalised steps is not the normalised
 * mean. Members with different text then pull at what they do not need with all their strength.
 * From moments that are everybody's mean they go in directions that are everybody's.
 */
final class Moments {

    private static final byte[] CONFIG =
            "{\"model_type\": \"optimizer-moments\"}\n".getBytes(StandardCharsets.US_ASCII);
    private static final String SECOND = "second_moment";

    private Moments() {}

    static void write(Optimizer optimizer, Path target) {
        List<TensorSpec> specs =
                optimizer.state().entrySet().stream()
                        .map(entry ->
                                TensorSpec.of(entry.getKey(), DType.F32, entry.getValue().numel()))
                        .toList();
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(
                        target, specs, ModelDirectoryWriter.DEFAULT_SHARD_BYTES)) {
            writer.addFile(ModelDirectory.CONFIG, CONFIG);
            optimizer
                    .state()
                    .forEach((name, buffer) ->
                            TensorMemory.read(buffer, writer.data(name)::copyFrom));
            writer.commit();
        }
    }

    /** Takes over what {@code shared} holds. */
    static void read(ModelDirectory shared, Optimizer optimizer) {
        optimizer
                .state()
                .forEach((name, buffer) -> {
                    MemorySegment data = data(shared, name, buffer);
                    TensorMemory.change(
                            buffer,
                            own -> {
                                own.copyFrom(data);
                                keepSquares(name, own);
                            });
                });
    }

    /** Adds {@code shared} − {@code sent} to what the optimiser has. */
    static void addDifference(ModelDirectory shared, ModelDirectory sent, Optimizer optimizer) {
        optimizer
                .state()
                .forEach((name, buffer) -> {
                    MemorySegment plus = data(shared, name, buffer);
                    MemorySegment minus = data(sent, name, buffer);
                    TensorMemory.change(
                            buffer,
                            own -> {
                                addDifference(own, plus, minus);
                                keepSquares(name, own);
                            });
                });
    }

    private static void addDifference(MemorySegment own, MemorySegment plus, MemorySegment minus) {
        for (long at = 0; at < own.byteSize(); at += Float.BYTES) {
            float difference =
                    plus.get(FloatConversion.FLOAT_LE, at)
                            - minus.get(FloatConversion.FLOAT_LE, at);
            own.set(
                    FloatConversion.FLOAT_LE,
                    at,
                    own.get(FloatConversion.FLOAT_LE, at) + difference);
        }
    }

    /** Coding and differences may leave less than nothing of a mean of squares. */
    private static void keepSquares(String name, MemorySegment values) {
        if (name.endsWith(SECOND)) {
            for (long at = 0; at < values.byteSize(); at += Float.BYTES) {
                if (values.get(FloatConversion.FLOAT_LE, at) < 0) {
                    values.set(FloatConversion.FLOAT_LE, at, 0);
                }
            }
        }
    }

    private static MemorySegment data(ModelDirectory moments, String name, Tensor buffer) {
        TensorSpec spec = moments.tensors().get(name);
        TensorSpec expected = TensorSpec.of(name, DType.F32, buffer.numel());
        if (!expected.equals(spec)) {
            throw new TrainingException(
                    Code.WRONG_TENSORS,
                    "%s should hold %s but holds %s: it is of another optimiser or model"
                            .formatted(moments.path(), expected, spec));
        }
        return moments.data(name);
    }
}
