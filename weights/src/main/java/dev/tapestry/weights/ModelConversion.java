package dev.tapestry.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes a model anew with its numbers in another dtype, such as an adopted BF16 base in F32.
 *
 * <p>Tensors stream through a buffer of {@value #BUFFER_ELEMENTS} numbers.
 */
public final class ModelConversion {

    private static final int BUFFER_ELEMENTS = 1 << 18;

    private static final JsonMapper JSON = new JsonMapper();

    private ModelConversion() {}

    /**
     * Writes {@code source} to the new directory {@code target}, every tensor as {@code dtype}, the
     * files beside the weights copied and the configuration's dtype changed.
     *
     * @param maxShardBytes see {@link ModelDirectoryWriter#create}
     * @throws WeightsException {@code NOT_FINITE} if a finite number has no finite form in {@code
     *     dtype}
     */
    public static void convert(
            ModelDirectory source, Path target, DType dtype, long maxShardBytes) {
        convert(source, target, dtype, maxShardBytes, Map.of());
    }

    /**
     * The same with more files.
     *
     * @param beside content by name; replaces what the source has of that name
     */
    public static void convert(
            ModelDirectory source,
            Path target,
            DType dtype,
            long maxShardBytes,
            Map<String, byte[]> beside) {
        var specs = source.tensors().values().stream().map(spec -> spec.as(dtype)).toList();
        try (var writer = ModelDirectoryWriter.create(target, specs, maxShardBytes);
                Arena arena = Arena.ofConfined()) {
            writer.copyFilesOf(source);
            writer.addFile(ModelDirectory.CONFIG, config(source.config(), dtype));
            beside.forEach(writer::addFile);
            MemorySegment buffer = arena.allocate(BUFFER_ELEMENTS * 4L, 64);
            for (TensorSpec spec : source.tensors().values()) {
                convert(spec, source.data(spec.name()), dtype, writer.data(spec.name()), buffer);
            }
            writer.commit();
        }
    }

    private static void convert(
            TensorSpec spec,
            MemorySegment from,
            DType dtype,
            MemorySegment to,
            MemorySegment buffer) {
        long elements = spec.elements();
        for (long first = 0; first < elements; first += BUFFER_ELEMENTS) {
            long count = Math.min(BUFFER_ELEMENTS, elements - first);
            MemorySegment source = numbers(from, spec.dtype(), first, count);
            MemorySegment target = numbers(to, dtype, first, count);
            MemorySegment wide = buffer.asSlice(0, count * 4);
            FloatConversion.widen(spec.dtype(), source, wide);
            FloatConversion.narrow(dtype, wide, target);
            if (dtype == DType.F16) {
                checkOverflow(spec, wide, target);
            }
            Residency.release(from, first * spec.dtype().bytes(), source.byteSize());
            Residency.release(to, first * dtype.bytes(), target.byteSize());
        }
    }

    private static MemorySegment numbers(MemorySegment data, DType dtype, long first, long count) {
        return data.asSlice(first * dtype.bytes(), count * dtype.bytes());
    }

    private static void checkOverflow(TensorSpec spec, MemorySegment wide, MemorySegment narrow) {
        for (long i = 0; i < wide.byteSize() / 4; i++) {
            boolean infinite = (narrow.get(FloatConversion.SHORT_LE, i * 2) & 0x7fff) == 0x7c00;
            float value = wide.get(FloatConversion.FLOAT_LE, i * 4);
            if (infinite && Float.isFinite(value)) {
                throw new WeightsException(
                        WeightsException.Code.NOT_FINITE,
                        "tensor '"
                                + spec.name()
                                + "' holds "
                                + value
                                + ", which is too large for F16: use BF16 or F32");
            }
        }
    }

    /**
     * The configuration with {@code torch_dtype}, or {@code dtype} as newer ones call it, changed.
     */
    private static byte[] config(Path path, DType dtype) {
        String name =
                switch (dtype) {
                    case F32 -> "float32";
                    case BF16 -> "bfloat16";
                    case F16 -> "float16";
                    case U8 -> throw FloatConversion.notNumbers();
                };
        JsonNode config = ConfigFile.read(path);
        if (!(config instanceof ObjectNode object)) {
            throw new WeightsException(
                    WeightsException.Code.UNSUPPORTED, path + " holds no JSON object");
        }
        object.put(object.has("dtype") ? "dtype" : "torch_dtype", name);
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(object);
    }
}
