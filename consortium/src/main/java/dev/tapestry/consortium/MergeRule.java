package dev.tapestry.consortium;

/**
 * How the members' updates move the base: the outer optimiser of DiLoCo (arXiv 2311.08105, §2).
 *
 * <p>With {@code Δ = Σ w_m (θ − θ_m)}: {@code b ← μ b + Δ; θ ← θ − η (Δ + μ b)}. FedAvg is η = 1, μ
 * = 0.
 *
 * @param learningRate η, above 0
 * @param momentum μ, at least 0 and below 1
 * @param direction how the updates are averaged
 */
public record MergeRule(double learningRate, double momentum, Direction direction) {

    /** How the members' updates become one. */
    public enum Direction {
        /** The weighted mean. */
        MEAN,
        /**
         * Per hidden matrix, the mean of the directions with the mean of the norms (Decoupled
         * DiLoCo, arXiv 2604.21428): nearly orthogonal updates do not shrink.
         */
        NORM_PRESERVING
    }

    public MergeRule {
        if (!(learningRate > 0) || !Double.isFinite(learningRate)) {
            throw new IllegalArgumentException(
                    "the outer learning rate is above 0, not " + learningRate);
        }
        if (!(momentum >= 0 && momentum < 1)) {
            throw new IllegalArgumentException(
                    "the outer momentum is at least 0 and below 1, not " + momentum);
        }
    }

    /** Federated averaging (arXiv 1602.05629): the base becomes the mean of the contributions. */
    public static MergeRule fedAvg() {
        return new MergeRule(1, 0, Direction.MEAN);
    }
}
