package dev.tapestry.node.build;

import java.util.Locale;
import java.util.Optional;

/** What stops a build: a loss that is worse than its plan lets pass, or that is no number. */
final class Gates {

    private Gates() {}

    /**
     * Why a build must not go on, if so.
     *
     * @param before of the base
     * @param after of the stage that was done last
     * @param last whether no stage follows: only then the gain counts
     */
    static Optional<String> broken(
            EvaluationPlan plan, BuildResult.Loss before, BuildResult.Loss after, boolean last) {
        Optional<String> forgotten =
                after.retentionLossPercent(before)
                        .flatMap(percent ->
                                plan.maxRetentionLossPercent()
                                        .filter(most -> !(percent <= most))
                                        .map(most ->
                                                String.format(
                                                        Locale.ROOT,
                                                        "the loss on the retained text is %.2f %% above the base's, max-retention-loss-percent is %s",
                                                        percent,
                                                        most)));
        double gain = after.gainPercent(before);
        return forgotten.or(() ->
                plan.minGainPercent()
                        .filter(least -> last && !(gain >= least))
                        .map(least ->
                                String.format(
                                        Locale.ROOT,
                                        "the loss on the own text is %.2f %% below the base's, min-gain-percent is %s",
                                        gain,
                                        least)));
    }
}
