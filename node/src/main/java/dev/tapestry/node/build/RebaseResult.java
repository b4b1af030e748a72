package dev.tapestry.node.build;

import dev.tapestry.aggregation.TaskConflict;
import dev.tapestry.consortium.Digest;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What moving a model to a newer base came to.
 *
 * @param was digest of the model before
 * @param base how the base that it was made from does
 * @param derivative how the model does
 * @param newer how the newer base does
 * @param conflicts by tensor, between what the model and what the newer base has learnt
 * @param tried what was tried, in order
 * @param accepted which of them passed, if one did
 * @param model where it lies then
 */
public record RebaseResult(
        Digest was,
        BuildResult.Loss base,
        BuildResult.Loss derivative,
        BuildResult.Loss newer,
        List<TaskConflict> conflicts,
        List<Trial> tried,
        Optional<Trial> accepted,
        Optional<Path> model) {

    /**
     * One way to move it.
     *
     * @param way in words
     * @param scale λ; 0 where the plan was done again
     * @param tokens that were trained on for it
     * @param loss how its model does
     * @param keptPercent of the model's gain over its own base
     * @param regressionPercent on the retained text, above the newer base
     */
    public record Trial(
            String way,
            double scale,
            long tokens,
            BuildResult.Loss loss,
            double keptPercent,
            Optional<Double> regressionPercent) {

        boolean passes(RebasePlan plan) {
            return keptPercent >= plan.minKeptPercent()
                    && regressionPercent.orElse(0.0) <= plan.maxRegressionPercent();
        }

        /** In one line. */
        public String words() {
            return String.format(
                    Locale.ROOT,
                    "%s: %.4f bits per byte, %.1f %% of the gain kept, %s on the retained text",
                    way,
                    loss.own(),
                    keptPercent,
                    regressionPercent
                            .map(percent -> String.format(Locale.ROOT, "%+.2f %%", percent))
                            .orElse("nothing known"));
        }
    }

    public RebaseResult {
        conflicts = List.copyOf(conflicts);
        tried = List.copyOf(tried);
    }
}
