package dev.tapestry.aggregation;

import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The updates of one tensor added up: Δ = scale · (Σ factorₘ Δₘ + factor of the update before).
 * Immutable.
 */
final class Blend implements Combination {

    /** By member in the order of ids; a member with factor 0 is not added at all. */
    private final float[] factors;

    private final float previous;

    /** 1 for the mean. */
    private final float scale;

    private final List<Four> added;
    private final int[] left;

    private Blend(float[] factors, float previous, float scale) {
        this.factors = factors;
        this.previous = previous;
        this.scale = scale;
        this.added = Four.of(members(member -> factors[member] != 0), factors);
        this.left = members(member -> factors[member] == 0);
    }

    private int[] members(IntPredicate which) {
        return IntStream.range(0, factors.length).filter(which).toArray();
    }

    /**
     * Σ coefficientₘ Δₘ.
     *
     * @param coefficients by member; those too large for a float become the largest
     */
    static Blend of(double[] coefficients) {
        return of(coefficients, 0);
    }

    /** Σ coefficientₘ Δₘ and so much of the update of the round before. */
    static Blend of(double[] coefficients, double previous) {
        float[] factors = new float[coefficients.length];
        for (int member = 0; member < factors.length; member++) {
            factors[member] = (float) Math.min(coefficients[member], Float.MAX_VALUE);
        }
        return new Blend(factors, (float) previous, 1);
    }

    /** The same direction, scaled from the norm that its sum turned out to have to {@code norm}. */
    Blend withNorm(double norm, double sumNorm) {
        return new Blend(factors, previous, sumNorm > 0 ? (float) (norm / sumNorm) : 1);
    }

    /** The members whose updates are added, in their order. */
    List<Four> added() {
        return added;
    }

    /** The members whose updates are not added. */
    int[] left() {
        return left.clone();
    }

    /** How much of the update of the round before is added. */
    float previous() {
        return previous;
    }

    /** Turns the added updates of one chunk into Δ. */
    void finish(Kernels kernels, float[] sum, int count) {
        if (scale != 1) {
            kernels.scale(sum, scale, count);
        }
    }
}
