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
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * What training keeps beside weights, as a directory of named tensors, one-dimensional and F32, so
 * that it can be coded, merged and published as weights are.
 */
final class NamedBuffers {

    private static final byte[] CONFIG =
            "{\"model_type\": \"training-state\"}\n".getBytes(StandardCharsets.US_ASCII);

    private NamedBuffers() {}

    static void write(Map<String, Tensor> buffers, Path target) {
        List<TensorSpec> specs =
                buffers.entrySet().stream()
                        .map(entry -> spec(entry.getKey(), entry.getValue()))
                        .toList();
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(
                        target, specs, ModelDirectoryWriter.DEFAULT_SHARD_BYTES)) {
            writer.addFile(ModelDirectory.CONFIG, CONFIG);
            buffers.forEach(
                    (name, buffer) -> writer.data(name).copyFrom(NativeTensors.memory(buffer)));
            writer.commit();
        }
    }

    /** Takes over what {@code directory} holds. */
    static void read(ModelDirectory directory, Map<String, Tensor> buffers) {
        buffers.forEach((name, buffer) ->
                NativeTensors.memory(buffer).copyFrom(data(directory, name, buffer)));
    }

    /** Adds {@code plus} − {@code minus} to what there is. */
    static void addDifference(
            ModelDirectory plus, ModelDirectory minus, Map<String, Tensor> buffers) {
        buffers.forEach((name, buffer) -> {
            MemorySegment own = NativeTensors.memory(buffer);
            MemorySegment added = data(plus, name, buffer);
            MemorySegment removed = data(minus, name, buffer);
            for (long at = 0; at < own.byteSize(); at += Float.BYTES) {
                float difference =
                        added.get(FloatConversion.FLOAT_LE, at)
                                - removed.get(FloatConversion.FLOAT_LE, at);
                own.set(
                        FloatConversion.FLOAT_LE,
                        at,
                        own.get(FloatConversion.FLOAT_LE, at) + difference);
            }
        });
    }

    private static TensorSpec spec(String name, Tensor buffer) {
        return TensorSpec.of(name, DType.F32, buffer.numel());
    }

    private static MemorySegment data(ModelDirectory directory, String name, Tensor buffer) {
        TensorSpec spec = directory.tensors().get(name);
        TensorSpec expected = spec(name, buffer);
        if (!expected.equals(spec)) {
            throw new TrainingException(
                    Code.WRONG_TENSORS,
                    "%s should hold %s but holds %s: it is of another optimiser or model"
                            .formatted(directory.path(), expected, spec));
        }
        return directory.data(name);
    }
}
