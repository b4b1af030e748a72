package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What merging models of one base came to.
 *
 * @param base digest of the base
 * @param parts the models, in order
 * @param tried what was tried, in order
 * @param accepted which of them passed with the most kept, if one did
 * @param model where it lies then
 */
public record MergeResult(
        Digest base,
        List<Part> parts,
        List<Trial> tried,
        Optional<Trial> accepted,
        Optional<Path> model) {

    /**
     * A model that goes in.
     *
     * @param name of the model
     * @param model its digest
     * @param base how the base does on this model's texts
     * @param own how the model does there
     */
    public record Part(String name, Digest model, BuildResult.Loss base, BuildResult.Loss own) {}

    /**
     * What a way keeps of a model.
     *
     * @param name of the model
     * @param loss on this model's texts
     * @param keptPercent of its gain over the base
     * @param regressionPercent on its retained text, above the base
     */
    public record Kept(
            String name,
            BuildResult.Loss loss,
            double keptPercent,
            @LeftOutWhenEmpty Optional<Double> regressionPercent) {

        static Kept of(Part part, BuildResult.Loss loss) {
            return new Kept(
                    part.name(),
                    loss,
                    loss.keptPercent(part.base(), part.own()),
                    loss.retentionLossPercent(part.base()));
        }

        boolean passes(MergePlan plan) {
            return keptPercent >= plan.minKeptPercent()
                    && regressionPercent.orElse(0.0) <= plan.maxRegressionPercent();
        }
    }

    /**
     * One way to merge them.
     *
     * @param way in words
     * @param scale λ
     * @param density share of each change that stays
     * @param kept of each model
     */
    public record Trial(String way, double scale, double density, List<Kept> kept) {

        public Trial {
            kept = List.copyOf(kept);
        }

        boolean passes(MergePlan plan) {
            return kept.stream().allMatch(each -> each.passes(plan));
        }

        /** Of the model of which the least is kept. */
        public double leastKeptPercent() {
            return kept.stream().mapToDouble(Kept::keptPercent).min().orElseThrow();
        }

        /** In one line. */
        public String words() {
            StringBuilder words = new StringBuilder(way);
            for (Kept each : kept) {
                words.append(
                        String.format(
                                Locale.ROOT,
                                "; %s: %.4f bits per byte, %.1f %% of the gain kept, %s on the retained text",
                                each.name(),
                                each.loss().own(),
                                each.keptPercent(),
                                each.regressionPercent()
                                        .map(percent ->
                                                String.format(Locale.ROOT, "%+.2f %%", percent))
                                        .orElse("nothing known")));
            }
            return words.toString();
        }
    }

    public MergeResult {
        parts = List.copyOf(parts);
        tried = List.copyOf(tried);
    }
}
