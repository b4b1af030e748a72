package dev.tapestry.weights.gguf;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.WeightsException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How the numbers of one tensor are stored; the package's comment has the layouts. */
enum TensorFormat {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q8_0(8, 32, 34),
    Q4_K(12, 256, 144),
    Q6_K(14, 256, 210);

    private static final float LARGEST_F16 = 65504f;

    private final int number;
    private final int blockElements;
    private final int blockBytes;

    TensorFormat(int number, int blockElements, int blockBytes) {
        this.number = number;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** By which a file names it. */
    int number() {
        return number;
    }

    /** The bytes of {@code elements} numbers, a multiple of the block. */
    long bytes(long elements) {
        return elements / blockElements * blockBytes;
    }

    /** This format, or the next best of those whose blocks fill rows of {@code elements}. */
    TensorFormat forRowsOf(long elements) {
        if (elements % blockElements == 0) {
            return this;
        }
        return switch (this) {
            case Q4_K, Q6_K -> Q8_0.forRowsOf(elements);
            case F32, F16, Q4_0, Q8_0 -> F16;
        };
    }

    /**
     * Writes whole rows.
     *
     * @param floats n F32, little-endian
     * @param out room for {@link #bytes} of n
     * @throws WeightsException {@code NOT_FINITE} if a number has no finite form in this format
     */
    void encode(MemorySegment floats, MemorySegment out) {
        switch (this) {
            case F32 -> out.copyFrom(floats);
            case F16 -> {
                for (long at = 0; at < floats.byteSize(); at += 4) {
                    check(floats.get(FloatConversion.FLOAT_LE, at));
                }
                FloatConversion.narrow(DType.F16, floats, out);
            }
            case Q4_0 -> encode(floats, out, SmallBlocks::fourBits);
            case Q8_0 -> encode(floats, out, SmallBlocks::eightBits);
            case Q4_K -> encode(floats, out, SuperBlocks::fourBits);
            case Q6_K -> encode(floats, out, SuperBlocks::sixBits);
        }
    }

    /** Writes the numbers of one block. */
    private interface Encoder {
        void encode(float[] numbers, MemorySegment block);
    }

    private void encode(MemorySegment floats, MemorySegment out, Encoder encoder) {
        float[] numbers = new float[blockElements];
        long bytes = 4L * blockElements;
        for (long block = 0; block < out.byteSize() / blockBytes; block++) {
            MemorySegment.copy(
                    floats, FloatConversion.FLOAT_LE, block * bytes, numbers, 0, blockElements);
            encoder.encode(numbers, out.asSlice(block * blockBytes, blockBytes));
        }
    }

    /** The 16 bits of a scale, which is refused where they do not reach. */
    static short half(float scale) {
        check(scale);
        return FloatConversion.float16(scale);
    }

    static void putHalf(MemorySegment block, long at, float scale) {
        block.set(FloatConversion.SHORT_LE, at, half(scale));
    }

    static void putByte(MemorySegment block, long at, int value) {
        block.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    private static void check(float value) {
        if (!(Math.abs(value) <= LARGEST_F16)) {
            throw new WeightsException(
                    WeightsException.Code.NOT_FINITE,
                    value + " cannot be stored in 16 bits: export as F32, or mend the model");
        }
    }
}
