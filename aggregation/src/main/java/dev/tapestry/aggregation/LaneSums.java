package dev.tapestry.aggregation;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/**
 * Makes numbers of the lanes in which {@link Kernels} sum up a chunk.
 *
 * <p>A lane takes {@code CHUNK / LANES} = 128 products, each operation rounded by at most 2⁻²⁴; so
 * Σ x·y is wrong by at most 2⁻¹⁶ · Σ |x·y|, and usually by far less. That is enough for norms and
 * cosines, in half the time of double precision. Where single precision is not enough for the size
 * of the numbers, the sum is taken once more in double.
 */
final class LaneSums {

    /** Products too small for a float lose at most 2⁻¹⁴⁰ in all of a chunk: 2⁻⁴⁰ of such a sum. */
    private static final double SMALLEST = 0x1p-100;

    private static final float[] ZEROS = new float[Kernels.CHUNK];

    private LaneSums() {}

    /**
     * Σ x·y over a chunk.
     *
     * <p>The lanes count if they are neither too large nor too small: the square of 10²⁰ is
     * infinite in single precision, that of 10⁻²³ is 0. In double precision the product of any two
     * floats is exact, so that a sum that is not finite tells of a value that is not, and a square
     * sum of 0 of nothing but zeros.
     *
     * @param lanes the sum's from lane {@code first} on
     * @param x by element, a float
     * @param y likewise
     */
    static double of(
            float[] lanes, int first, int count, IntToDoubleFunction x, IntToDoubleFunction y) {
        double sum = folded(lanes, first);
        double size = Math.abs(sum);
        return size >= SMALLEST && size < Double.POSITIVE_INFINITY ? sum : exactly(count, x, y);
    }

    /** Σ x·y over arrays; where one is nothing but zeros, that is seen at once. */
    static double of(float[] lanes, int first, float[] x, float[] y, int count) {
        boolean nothing = areZero(lanes, first) && (isZero(x, count) || isZero(y, count));
        return nothing ? 0 : of(lanes, first, count, i -> x[i], i -> y[i]);
    }

    /** Whether there is no product but 0 and those too small for a float. */
    static boolean areZero(float[] lanes, int first) {
        for (int lane = first; lane < first + Kernels.LANES; lane++) {
            if (lanes[lane] != 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean isZero(float[] values, int count) {
        return Arrays.equals(values, 0, count, ZEROS, 0, count);
    }

    /** Adds the lanes in their fixed order. */
    private static double folded(float[] lanes, int first) {
        return (((double) lanes[first] + lanes[first + 1])
                        + ((double) lanes[first + 2] + lanes[first + 3]))
                + (((double) lanes[first + 4] + lanes[first + 5])
                        + ((double) lanes[first + 6] + lanes[first + 7]));
    }

    private static double exactly(int count, IntToDoubleFunction x, IntToDoubleFunction y) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += x.applyAsDouble(i) * y.applyAsDouble(i);
        }
        return sum;
    }
}
