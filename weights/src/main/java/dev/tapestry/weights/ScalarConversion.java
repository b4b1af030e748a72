package dev.tapestry.weights;

import java.lang.foreign.MemorySegment;

/**
 * The readable twin of {@link VectorConversion}: one number at a time, and the rest that does not
 * fill a vector.
 */
final class ScalarConversion {

    /** 2⁻²⁴, the smallest F16. */
    static final float SMALLEST_F16 = 0x1p-24f;

    /** 65520, halfway between the largest F16 and what would come next: rounds to infinity. */
    static final int FIRST_INFINITE_F16 = 0x477ff000;

    /** 2⁻¹⁴, the smallest F16 with a full fraction. */
    static final int FIRST_NORMAL_F16 = 0x38800000;

    /** The difference of the exponents' biases, 127 − 15, in place. */
    static final int REBIAS = 112 << 23;

    private ScalarConversion() {}

    /** The BF16 bits nearest to the F32 with these {@code bits}. */
    static short bf16(int bits) {
        if ((bits & 0x7fffffff) > 0x7f800000) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** The F16 bits nearest to the F32 with these {@code bits}. */
    static short float16(int bits) {
        int sign = (bits >>> 16) & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) {
            return (short) (sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff));
        }
        if (magnitude >= FIRST_INFINITE_F16) {
            return (short) (sign | 0x7c00);
        }
        if (magnitude >= FIRST_NORMAL_F16) {
            int rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
            return (short) (sign | ((rounded - REBIAS) >>> 13));
        }
        // The last place of numbers from 0.5 to 1 is 2^-24, the last place of a subnormal F16:
        // adding 0.5 lets the addition itself round, ties to even.
        float shifted = Float.intBitsToFloat(magnitude) + 0.5f;
        return (short) (sign | (Float.floatToRawIntBits(shifted) - 0x3f000000));
    }

    /** The F32 bits of the F16 with these {@code bits}. */
    static int fromFloat16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = bits & 0x7c00;
        int fraction = bits & 0x3ff;
        if (exponent == 0x7c00) {
            return sign | 0x7f800000 | (fraction << 13);
        }
        if (exponent == 0) {
            return sign | Float.floatToRawIntBits(fraction * SMALLEST_F16);
        }
        return sign | (((bits & 0x7fff) << 13) + REBIAS);
    }

    /** Widens the numbers {@code first} to {@code count - 1}. */
    static void widen(
            DType from, MemorySegment narrow, MemorySegment wide, long first, long count) {
        for (long i = first; i < count; i++) {
            int bits =
                    switch (from) {
                        case F32 -> narrow.get(FloatConversion.INT_LE, i * 4);
                        case BF16 -> narrow.get(FloatConversion.SHORT_LE, i * 2) << 16;
                        case F16 -> fromFloat16(narrow.get(FloatConversion.SHORT_LE, i * 2));
                        case U8 -> throw FloatConversion.notNumbers();
                    };
            wide.set(FloatConversion.INT_LE, i * 4, bits);
        }
    }

    /** Narrows the numbers {@code first} to {@code count - 1}. */
    static void narrow(DType to, MemorySegment wide, MemorySegment narrow, long first, long count) {
        for (long i = first; i < count; i++) {
            int bits = wide.get(FloatConversion.INT_LE, i * 4);
            switch (to) {
                case F32 -> narrow.set(FloatConversion.INT_LE, i * 4, bits);
                case BF16 -> narrow.set(FloatConversion.SHORT_LE, i * 2, bf16(bits));
                case F16 -> narrow.set(FloatConversion.SHORT_LE, i * 2, float16(bits));
                case U8 -> throw FloatConversion.notNumbers();
            }
        }
    }
}
