package dev.tapestry.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Numbers between F32 and the two 16-bit types, bit for bit the same on every machine.
 *
 * <p>Narrowing rounds to the nearest, ties to even (IEEE 754 §4.3.1); what is too large becomes
 * infinite. A NaN stays a NaN: it keeps its sign and the upper bits of its payload and becomes
 * quiet. Widening is exact, payloads of NaNs included. All work is done on integers, or in sums and
 * products that are exact or rounded once, so that neither the hardware's treatment of NaNs nor its
 * conversion instructions matter.
 */
public final class FloatConversion {

    /** A number of dtype F32 in a file, aligned or not. */
    public static final ValueLayout.OfFloat FLOAT_LE =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The bits of a BF16 or F16 in a file, aligned or not. */
    public static final ValueLayout.OfShort SHORT_LE =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The bits of an F32 in a file, aligned or not. */
    public static final ValueLayout.OfInt INT_LE =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** A 64-bit integer in a file, aligned or not. */
    public static final ValueLayout.OfLong LONG_LE =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * Shorter runs are left to the scalar loop: a vector loop is slow until it is compiled, and a
     * short one is over before that.
     */
    private static final long VECTOR_FROM = 1 << 17;

    private FloatConversion() {}

    /**
     * Reads numbers of type {@code from} as F32.
     *
     * @param narrow n numbers of dtype {@code from}
     * @param wide room for n F32, little-endian; must not overlap {@code narrow}
     */
    public static void widen(DType from, MemorySegment narrow, MemorySegment wide) {
        widen(from, narrow, wide, VECTOR_FROM);
    }

    static void widen(DType from, MemorySegment narrow, MemorySegment wide, long vectorFrom) {
        long count = count(from, narrow, wide);
        long vectors = count < vectorFrom ? 0 : count;
        long done =
                switch (from) {
                    case F32 -> copy(narrow, wide);
                    case BF16 -> VectorConversion.bf16ToFloat(narrow, wide, vectors);
                    case F16 -> VectorConversion.float16ToFloat(narrow, wide, vectors);
                    case U8 -> throw notNumbers();
                };
        ScalarConversion.widen(from, narrow, wide, done, count);
    }

    /**
     * Writes F32 numbers as type {@code to}.
     *
     * @param wide n F32, little-endian
     * @param narrow room for n numbers of dtype {@code to}; must not overlap {@code wide}
     */
    public static void narrow(DType to, MemorySegment wide, MemorySegment narrow) {
        narrow(to, wide, narrow, VECTOR_FROM);
    }

    static void narrow(DType to, MemorySegment wide, MemorySegment narrow, long vectorFrom) {
        long count = count(to, narrow, wide);
        long vectors = count < vectorFrom ? 0 : count;
        long done =
                switch (to) {
                    case F32 -> copy(wide, narrow);
                    case BF16 -> VectorConversion.floatToBf16(wide, narrow, vectors);
                    case F16 -> VectorConversion.floatToFloat16(wide, narrow, vectors);
                    case U8 -> throw notNumbers();
                };
        ScalarConversion.narrow(to, wide, narrow, done, count);
    }

    /** The bits of the F16 nearest to {@code value}. */
    public static short float16(float value) {
        return ScalarConversion.float16(Float.floatToRawIntBits(value));
    }

    /** The number with these F16 {@code bits}, exactly. */
    public static float fromFloat16(short bits) {
        return Float.intBitsToFloat(ScalarConversion.fromFloat16(bits));
    }

    static IllegalArgumentException notNumbers() {
        return new IllegalArgumentException("U8 holds bytes, not numbers");
    }

    private static long copy(MemorySegment from, MemorySegment to) {
        to.copyFrom(from);
        return from.byteSize() / Float.BYTES;
    }

    private static long count(DType dtype, MemorySegment narrow, MemorySegment wide) {
        long count = wide.byteSize() / Float.BYTES;
        if (wide.byteSize() % Float.BYTES != 0
                || narrow.byteSize() != Math.multiplyExact(count, (long) dtype.bytes())) {
            throw new IllegalArgumentException(
                    wide.byteSize()
                            + " bytes of F32 and "
                            + narrow.byteSize()
                            + " bytes of "
                            + dtype
                            + " do not hold the same count of numbers");
        }
        return count;
    }
}
