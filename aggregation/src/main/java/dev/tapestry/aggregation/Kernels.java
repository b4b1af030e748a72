package dev.tapestry.aggregation;

import java.lang.foreign.MemorySegment;

/**
 * The arithmetic of a merge on one chunk of at most {@link #CHUNK} elements.
 *
 * <p>Both implementations give the same bits: each element goes through the same single-precision
 * operations in the same order, never fused; sums run in eight double-precision lanes (element i in
 * lane i mod 8) that are added as a fixed tree. A product of two floats is exact in double, so even
 * a machine that fuses multiplication and addition there would not differ.
 */
sealed interface Kernels permits ScalarKernels, VectorKernels {

    /** Elements of a chunk: the buffers of a few members stay in the first-level cache. */
    int CHUNK = 1024;

    /** Lanes of a sum. */
    int LANES = 8;

    /**
     * Fewer elements than these are done before the vector loops are compiled: a cold process
     * merged 3 × 270,000 elements in half the time with the scalar ones.
     */
    long WORTH_VECTORS = 16L << 20;

    /** What is fastest for so many elements of all members together. */
    static Kernels suitedTo(long elements) {
        return elements < WORTH_VECTORS ? new ScalarKernels() : fastest();
    }

    /** The fastest that this machine has, once compiled. */
    static Kernels fastest() {
        return VectorKernels.isFast() ? new VectorKernels() : new ScalarKernels();
    }

    /**
     * Δₘ of one chunk: {@code update[i] = base[i] − member[i]}.
     *
     * @param base fp32 little-endian, {@code count} elements from byte {@code baseOffset}
     * @param member likewise
     */
    void subtract(
            MemorySegment base,
            long baseOffset,
            MemorySegment member,
            long memberOffset,
            float[] update,
            int count);

    /**
     * {@link #subtract}, {@link #addScaled} and {@link #dot} of the update with itself in one pass,
     * because memory and not arithmetic is what a merge waits for.
     *
     * @return ‖Δₘ‖² of the chunk
     */
    double accumulate(
            MemorySegment base,
            long baseOffset,
            MemorySegment member,
            long memberOffset,
            float factor,
            float[] update,
            float[] sum,
            int count);

    /** Widens bf16 to fp32, exactly: the bits become the upper half. */
    void widen(MemorySegment bf16, long offset, float[] target, int count);

    /** {@code target[i] = base[i] − target[i]}, for a member already widened. */
    void subtractFrom(MemorySegment base, long baseOffset, float[] target, int count);

    /** {@code sum[i] = sum[i] + factor · term[i]}. */
    void addScaled(float[] sum, float factor, float[] term, int count);

    /** {@code momentum[i] = factor · momentum[i] + term[i]}. */
    void decay(float[] momentum, float factor, float[] term, int count);

    /** {@code values[i] = factor · values[i]}. */
    void scale(float[] values, float factor, int count);

    /** {@code target[i] = base[i] − rate · update[i]}. */
    void step(
            MemorySegment base,
            long baseOffset,
            float rate,
            float[] update,
            MemorySegment target,
            long targetOffset,
            int count);

    /** Σ x[i]·y[i] in double precision and fixed order. */
    double dot(float[] x, float[] y, int count);

    /** Adds the lanes of a sum in their fixed order. */
    static double fold(double[] lanes) {
        return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
                + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    }
}
