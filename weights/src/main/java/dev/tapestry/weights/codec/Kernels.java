package dev.tapestry.weights.codec;

import dev.tapestry.weights.TensorSpec;
import java.util.Collection;

/**
 * The arithmetic of the codecs on arrays.
 *
 * <p>Both implementations give the same bits: each element goes through the same operations, each
 * rounded once by IEEE 754, never fused; sums run in eight lanes in a fixed order.
 */
sealed interface Kernels permits ScalarKernels, VectorKernels {

    /** Lanes of a sum: element i of a block is added to lane i mod 8. */
    int LANES = 8;

    /** Adding this to |x| ≤ 2²² rounds x to the nearest integer, ties to even. */
    float ROUNDER = 0x1.8p23f;

    /** The bits of {@link #ROUNDER}: the integer is what the bits of the sum exceed them by. */
    int ROUNDER_BITS = 0x4b400000;

    /**
     * Added to the bits of a positive ratio, carries into the exponent what is above √2 times a
     * power of two: rounding to the nearest power of two in the log domain. The fraction of the
     * first F32 above √2 is 3504f4.
     */
    int LOG_ROUNDER = 0x800000 - 0x3504f4;

    /** The exponent field of 2⁻⁷, one below that of the smallest level of E3M0. */
    int LOG_BIAS = 120;

    /** Magnitudes are scaled by this before they are summed, so that no sum overflows. */
    float SUM_SCALE = 0x1p-7f;

    /**
     * Fewer elements than these are done before the vector loops are compiled; until then they are
     * many times slower than the scalar ones.
     */
    long WORTH_VECTORS = 16L << 20;

    /** What is fastest for so many elements; which one it is does not show in the result. */
    static Kernels suitedTo(long elements) {
        return elements < WORTH_VECTORS ? new ScalarKernels() : fastest();
    }

    /** What is fastest for so many tensors together. */
    static Kernels suitedTo(Collection<TensorSpec> tensors) {
        return suitedTo(tensors.stream().mapToLong(TensorSpec::elements).sum());
    }

    /** The fastest on this machine, once compiled. */
    static Kernels fastest() {
        return VectorKernels.isFast() ? new VectorKernels() : new ScalarKernels();
    }

    /** The largest of the bits of |x|, from {@code from} to {@code to}; 0 when there are none. */
    int largestMagnitude(float[] values, int from, int to);

    /** {@code codes[at + i] = clamp(round(x / step), ±limit)}, ties to even; step &gt; 0. */
    void round(float[] values, int from, int to, float step, int limit, byte[] codes, int at);

    /**
     * {@code codes[at + i] = sign·8 + e}: e is 7 − k when |x| / scale is nearest in the log domain
     * to 2⁻ᵏ with k from 0 to 6, and the code 0 when it is nearer to something smaller; scale &gt;
     * 0.
     */
    void roundLog(float[] values, int from, int to, float scale, byte[] codes, int at);

    /** {@code values[i] = codes[at + i − from] · step}, each code a signed byte. */
    void scale(byte[] codes, int at, float step, float[] values, int from, int to);

    /**
     * Rounds the first {@code count} values to BF16, ties to even, and puts their bits into {@code
     * out}; what would become infinite becomes the largest finite one.
     */
    void narrow(float[] values, int count, byte[] out);

    /** The first {@code count} BF16 numbers in {@code bytes}, exactly. */
    void widen(byte[] bytes, int count, float[] values);

    /** Σ|x|·2⁻⁷ over at most 128 values. */
    float sum(float[] values, int from, int to);

    /**
     * Parts at most 128 values by their magnitude: Σ|x|·2⁻⁷ of those with |x| ≤ threshold goes to
     * {@code sums[0]}, of the others to {@code sums[1]}; {@code codes[i]} is 2·sign, plus 1 for the
     * others.
     *
     * @return how many are above the threshold
     */
    int split(float[] values, int from, int to, float threshold, byte[] codes, float[] sums);

    /**
     * Collects, in ascending order, the indices from {@code from} to {@code to} whose magnitude's
     * bits are at least {@code least}.
     *
     * @return how many
     */
    int atLeast(float[] values, int from, int to, int least, int[] indices);

    /** Lanes added from the first to the last. */
    static float total(float[] lanes) {
        float total = lanes[0];
        for (int i = 1; i < LANES; i++) {
            total += lanes[i];
        }
        return total;
    }
}
