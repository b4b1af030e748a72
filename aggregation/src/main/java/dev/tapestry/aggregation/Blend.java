package dev.tapestry.aggregation;

import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** How the updates of one tensor are added up: Δ = scale · Σ factorₘ Δₘ. Immutable. */
final class Blend {

    /** By member in the order of ids; a member with factor 0 is not added at all. */
    private final float[] factors;

    /** 1 for the mean. */
    private final float scale;

    private final List<Four> added;
    private final int[] left;

    private Blend(float[] factors, float scale) {
        this.factors = factors;
        this.scale = scale;
        this.added = Four.of(members(member -> factors[member] != 0), factors);
        this.left = members(member -> factors[member] == 0);
    }

    private int[] members(IntPredicate which) {
        return IntStream.range(0, factors.length).filter(which).toArray();
    }

    /** Σ wₘ Δₘ. */
    static Blend mean(List<Double> weights) {
        float[] factors = new float[weights.size()];
        for (int member = 0; member < factors.length; member++) {
            factors[member] = weights.get(member).floatValue();
        }
        return new Blend(factors, 1);
    }

    /**
     * The direction of the norm-preserving mean: Σ wₘ (n/‖Δₘ‖) Δₘ with n = Σ wₘ ‖Δₘ‖. The common
     * factor n keeps the numbers near those of the updates; {@link #withNorm} takes it out again. A
     * member that did not move has no direction and is left out.
     *
     * @param norms ‖Δₘ‖ by member
     */
    static Blend direction(List<Double> weights, double[] norms) {
        double mean = meanNorm(weights, norms);
        float[] factors = new float[norms.length];
        for (int member = 0; member < norms.length; member++) {
            if (norms[member] > 0) {
                double factor = weights.get(member) * (mean / norms[member]);
                factors[member] = (float) Math.min(factor, Float.MAX_VALUE);
            }
        }
        return new Blend(factors, 1);
    }

    /** The same direction, scaled from the norm that its sum turned out to have to {@code norm}. */
    Blend withNorm(double norm, double sumNorm) {
        return new Blend(factors, sumNorm > 0 ? (float) (norm / sumNorm) : 1);
    }

    /** Σ wₘ ‖Δₘ‖, in the order of members. */
    static double meanNorm(List<Double> weights, double[] norms) {
        double mean = 0;
        for (int member = 0; member < norms.length; member++) {
            mean += weights.get(member) * norms[member];
        }
        return mean;
    }

    /** The members whose updates are added, in their order. */
    List<Four> added() {
        return added;
    }

    /** The members whose updates are not added. */
    int[] left() {
        return left.clone();
    }

    /** Turns the added updates of one chunk into Δ. */
    void finish(Kernels kernels, float[] sum, int count) {
        if (scale != 1) {
            kernels.scale(sum, scale, count);
        }
    }
}
