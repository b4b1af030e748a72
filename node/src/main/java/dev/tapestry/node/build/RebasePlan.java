package dev.tapestry.node.build;

import java.util.List;

/**
 * How far moving a model to a newer base may go, and what it must come to.
 *
 * @param scales λ that are tried, each above 0
 * @param minKeptPercent of the gain on the own text that must be kept
 * @param maxRegressionPercent by which the loss on the retained text may be above the newer base's
 * @param healShare of the plan's tokens that a model is trained on where no λ passes; 0 for never
 * @param again whether the plan is done again on the newer base where that does not pass either
 */
public record RebasePlan(
        List<Double> scales,
        double minKeptPercent,
        double maxRegressionPercent,
        double healShare,
        boolean again) {

    public RebasePlan {
        scales = List.copyOf(scales);
        if (scales.isEmpty() || scales.stream().anyMatch(scale -> !(scale > 0 && scale <= 2))) {
            throw new IllegalArgumentException(
                    "at least one λ is tried, each above 0 and at most 2, not " + scales);
        }
        if (!(healShare >= 0 && healShare <= 1)) {
            throw new IllegalArgumentException("the share is between 0 and 1, not " + healShare);
        }
    }

    /** Four λ, then a fifth of the tokens, then all of them; 95 % of the gain, 1 % of the loss. */
    public static RebasePlan standard() {
        return new RebasePlan(List.of(0.3, 0.5, 0.7, 1.0), 95, 1, 0.2, true);
    }
}
