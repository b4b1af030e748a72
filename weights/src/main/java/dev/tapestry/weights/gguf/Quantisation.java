package dev.tapestry.weights.gguf;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.WeightsException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How the matrices of a GGUF file are stored. */
public enum Quantisation {
    /** Every number as it is: 32 bits. */
    F32(0, 0, 1, 4),
    /** IEEE 754 binary16: 16 bits. */
    F16(1, 1, 1, 2),
    /**
     * Blocks of 32 signed bytes with one binary16 scale: 8.5 bits; the error is at most 1/254 of
     * the largest number of the block.
     */
    Q8_0(8, 7, 32, 34);

    private static final float LARGEST_F16 = 65504f;

    private final int typeNumber;
    private final int fileTypeNumber;
    private final int blockElements;
    private final int blockBytes;

    Quantisation(int typeNumber, int fileTypeNumber, int blockElements, int blockBytes) {
        this.typeNumber = typeNumber;
        this.fileTypeNumber = fileTypeNumber;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** The number of this type in the description of a tensor. */
    int typeNumber() {
        return typeNumber;
    }

    /** The number of this type in {@code general.file_type}. */
    int fileTypeNumber() {
        return fileTypeNumber;
    }

    /** The bytes of {@code elements} numbers, a multiple of the block. */
    long bytes(long elements) {
        return elements / blockElements * blockBytes;
    }

    /** This type, or F16 where the rows of a matrix are no whole number of blocks. */
    Quantisation forRowsOf(long elements) {
        return elements % blockElements == 0 ? this : F16;
    }

    /**
     * Writes whole rows.
     *
     * @param floats n F32, little-endian
     * @param out room for {@link #bytes} of n
     * @throws WeightsException {@code NOT_FINITE} if a number has no finite form in this type
     */
    void encode(MemorySegment floats, MemorySegment out) {
        switch (this) {
            case F32 -> out.copyFrom(floats);
            case F16 -> {
                checkRange(floats);
                FloatConversion.narrow(DType.F16, floats, out);
            }
            case Q8_0 -> {
                for (long block = 0; block < out.byteSize() / blockBytes; block++) {
                    encodeBlock(floats, block * blockElements * 4, out, block * blockBytes);
                }
            }
        }
    }

    /** d = max|x| / 127; q = x / d rounded to the nearest, halves away from zero. */
    private void encodeBlock(MemorySegment floats, long from, MemorySegment out, long to) {
        float largest = 0;
        for (int i = 0; i < blockElements; i++) {
            largest =
                    Math.max(
                            largest, Math.abs(floats.get(FloatConversion.FLOAT_LE, from + i * 4L)));
        }
        float scale = largest / 127;
        check(scale);
        short scaleBits = FloatConversion.float16(scale);
        out.set(FloatConversion.SHORT_LE, to, scaleBits);
        float inverse = scaleBits == 0 ? 0 : 1 / scale;
        for (int i = 0; i < blockElements; i++) {
            double scaled = floats.get(FloatConversion.FLOAT_LE, from + i * 4L) * inverse;
            byte q = (byte) (scaled + Math.copySign(0.5, scaled));
            out.set(ValueLayout.JAVA_BYTE, to + 2 + i, q);
        }
    }

    private static void checkRange(MemorySegment floats) {
        for (long at = 0; at < floats.byteSize(); at += 4) {
            check(floats.get(FloatConversion.FLOAT_LE, at));
        }
    }

    private static void check(float value) {
        if (!(Math.abs(value) <= LARGEST_F16)) {
            throw new WeightsException(
                    WeightsException.Code.NOT_FINITE,
                    value + " cannot be stored in 16 bits: export as F32, or mend the model");
        }
    }
}
