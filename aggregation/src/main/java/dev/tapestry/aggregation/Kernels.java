package dev.tapestry.aggregation;

import dev.tapestry.consortium.OuterOptimizer.Variant;
import java.lang.foreign.MemorySegment;

/**
 * The arithmetic of a merge on one chunk of at most {@link #CHUNK} elements.
 *
 * <p>Both implementations give the same bits: each element goes through the same single-precision
 * operations in the same order, never fused. Sums run in eight single-precision lanes, element i in
 * lane i mod 8; {@link LaneSums} turns them into numbers.
 */
sealed interface Kernels permits ScalarKernels, VectorKernels {

    /** Elements of a chunk: those of a few members stay in the first-level cache. */
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
     * For each of {@code four} in turn: {@code sum[i] = sum[i] + factor · Δₘ[i]} with Δₘ = θ − θₘ.
     * The lanes of the k-th member's ‖Δₘ‖² are left in {@code lanes} from 8k on.
     */
    void accumulate(Chunk chunk, Four four, float[] sum, float[] lanes);

    /**
     * Leaves the lanes of ⟨Δₘ, sum⟩ for the k-th of {@code four} in {@code lanes} from 8k on, those
     * of ‖sum‖² after them. Taking Δₘ again from values that are near is faster than keeping it.
     */
    void project(Chunk chunk, Four four, float[] sum, float[] lanes);

    /** Leaves the lanes of ‖Δₘ‖² of one member in {@code lanes}, those of ‖θ‖² after them. */
    void measure(Chunk chunk, int slot, float[] lanes);

    /** Leaves the lanes of ⟨x, y⟩ in {@code lanes}. */
    void dot(float[] x, float[] y, int count, float[] lanes);

    /**
     * Widens bf16 to fp32, exactly: the bits become the upper half.
     *
     * @param offset of the first in bytes
     */
    void widen(MemorySegment bf16, long offset, float[] target, int count);

    /** {@code sum[i] = sum[i] + factor · term[i]}. */
    void addScaled(float[] sum, float factor, float[] term, int count);

    /** {@code momentum[i] = factor · momentum[i] + term[i]}. */
    void decay(float[] momentum, float factor, float[] term, int count);

    /** {@code values[i] = factor · values[i]}. */
    void scale(float[] values, float factor, int count);

    /** {@code average[i] = keep · average[i] + take · term[i]}. */
    void average(float[] average, float keep, float take, float[] term, int count);

    /**
     * FedOpt's second moment of {@code term}: with {@code s = term[i] · term[i]}, ADAM {@code keep
     * · v[i] + take · s}, YOGI {@code v[i] − (take · s) · sign(v[i] − s)}, ADAGRAD {@code v[i] +
     * s}.
     */
    void square(Variant variant, float[] v, float keep, float take, float[] term, int count);

    /** {@code target[i] = m[i] ÷ (√v[i] + epsilon)}. */
    void adapt(float[] m, float[] v, float epsilon, float[] target, int count);

    /**
     * Puts the smaller of {@code low[i]} and {@code high[i]} into the first, the larger into the
     * other.
     */
    void exchange(float[] low, float[] high, int count);

    /**
     * For one member: {@code sum[i] = sum[i] + factor · Δₘ[i]}, and {@code sent[i] = sent[i] +
     * weight} where {@code Δₘ[i]} is not 0.
     */
    void addSent(Chunk chunk, int slot, float factor, float weight, float[] sum, float[] sent);

    /** {@code sum[i] = sum[i] ÷ by[i]}; 0 where {@code by[i]} is 0. */
    void divide(float[] sum, float[] by, int count);

    /** {@code target[i] = Δₘ[i]} of one member, exactly. */
    void update(Chunk chunk, int slot, double[] target);

    /** {@code target[i] = values[i]}, exactly. */
    void widen(float[] values, double[] target, int count);

    /**
     * ⟨x, y⟩ in double precision: element i in lane i mod 8, lanes added as ((0+1)+(2+3)) +
     * ((4+5)+(6+7)). Products of floats are exact.
     */
    double product(double[] x, double[] y, int count);

    /** {@code target[i] = θ[i] − rate · update[i]}; target may be the update. */
    void step(Chunk chunk, float rate, float[] update, float[] target);
}
