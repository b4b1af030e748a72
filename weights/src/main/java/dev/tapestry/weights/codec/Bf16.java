package dev.tapestry.weights.codec;

/**
 * The non-negative BF16 numbers in which blocks and groups carry their scales and levels.
 *
 * <p>A scale of eight significant bits costs half of an F32, and its product with an integer of up
 * to sixteen bits is exact in F32: decoding rounds nowhere.
 */
final class Bf16 {

    /** The bits of the largest finite BF16, about 3.39e38. */
    static final int LARGEST = 0x7f7f;

    private Bf16() {}

    /** The bits of the BF16 nearest to {@code value} ≥ 0, ties to even; never infinite. */
    static int nearest(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Math.min(LARGEST, (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** The bits of the smallest BF16 that is not below {@code value} ≥ 0; never infinite. */
    static int above(float value) {
        return Math.min(LARGEST, (Float.floatToRawIntBits(value) + 0xffff) >>> 16);
    }

    /** The number with these bits. */
    static float value(int bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
