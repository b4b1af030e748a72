package dev.tapestry.aggregation;

/**
 * How models that were trained apart from one base become one, once and after the fact: for members
 * that could not take part in rounds. δₘ = θₘ − θ is what model m learnt. All models count the
 * same.
 */
public sealed interface OfflineRule {

    /** θ + mean of δₘ. */
    record Mean() implements OfflineRule {}

    /**
     * TIES (arXiv 2306.01708, Algorithm 1), by tensor: of each δₘ the share {@code density} that is
     * largest in size is kept; γ is the sign of the sum of what is left; the result is θ + {@code
     * scale} times the mean over those whose sign is γ.
     *
     * @param density above 0 and at most 1; the paper's choice is 0.2
     * @param scale λ, above 0
     */
    record Ties(double density, double scale) implements OfflineRule {
        public Ties {
            require(density > 0 && density <= 1, "density is above 0 and at most 1, not ", density);
            require(scale > 0 && Double.isFinite(scale), "scale is above 0, not ", scale);
        }
    }

    /**
     * DARE (arXiv 2311.03099, equations 1 and 2): each element of δₘ is dropped with a probability
     * and what stays is divided by the probability of staying; the result is θ + {@code scale}
     * times the mean.
     *
     * @param dropRate p, at least 0 and below 1; the paper's choices are 0.9 and more
     * @param scale λ, above 0
     * @param seed of what is dropped
     */
    record Dare(double dropRate, double scale, long seed) implements OfflineRule {
        public Dare {
            require(dropRate >= 0 && dropRate < 1, "drop rate is 0 to below 1, not ", dropRate);
            require(scale > 0 && Double.isFinite(scale), "scale is above 0, not ", scale);
        }
    }

    /**
     * Spherical interpolation of two models' weights (Shoemake, SIGGRAPH 1985), by tensor: with Ω
     * the angle between them, sin((1 − t)Ω)/sin Ω · θ₁ + sin(tΩ)/sin Ω · θ₂; linear where they are
     * nearly parallel. The base is only where configuration and tokenizer come from.
     *
     * @param position t, from 0 (the first) to 1 (the second)
     */
    record Slerp(double position) implements OfflineRule {
        public Slerp {
            require(position >= 0 && position <= 1, "position is 0 to 1, not ", position);
        }
    }

    /**
     * Task arithmetic with one task (arXiv 2212.04089): θ₂ + λ δ₁, what the first model has learnt
     * since the base put on top of the second.
     *
     * @param scale λ, above 0; with 1 all of it
     */
    record Rebase(double scale) implements OfflineRule {
        public Rebase {
            require(scale > 0 && Double.isFinite(scale), "scale is above 0, not ", scale);
        }
    }

    private static void require(boolean holds, String what, double value) {
        if (!holds) {
            throw new IllegalArgumentException(what + value);
        }
    }
}
