package dev.tapestry.node.build;

import dev.tapestry.aggregation.OfflineRule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;

/**
 * Which models of one base become one, how, and what it must come to.
 *
 * @param name of the new model
 * @param of names of at least two models
 * @param rule by which they are merged
 * @param weights what the change of each is multiplied by first, as many as there are models
 * @param scales λ that are tried, each above 0: what the merged change is multiplied by; the mean
 *     of the changes where a rule takes means, their sum in task arithmetic
 * @param densities that are tried: the share of each change that stays; for TIES and DARE
 * @param seed of what DARE drops
 * @param minKeptPercent of each model's gain on its own text that must be kept
 * @param maxRegressionPercent by which the loss on each model's retained text may be above the
 *     base's
 */
public record MergePlan(
        String name,
        List<String> of,
        Rule rule,
        List<Double> weights,
        List<Double> scales,
        List<Double> densities,
        long seed,
        double minKeptPercent,
        double maxRegressionPercent) {

    /** How models become one. */
    public enum Rule {
        /** TIES (arXiv 2306.01708): the largest changes, where their signs agree. */
        TIES,
        /** DARE (arXiv 2311.03099): some changes by chance, made larger for the others. */
        DARE,
        /** The mean of the changes. */
        MEAN,
        /** Task arithmetic (arXiv 2212.04089): the sum of the changes. */
        TASK_ARITHMETIC;

        /** As it is spelt on the command line. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public MergePlan {
        of = List.copyOf(of);
        weights = List.copyOf(weights);
        scales = List.copyOf(scales);
        densities = List.copyOf(densities);
        BuildPlan.requireName("name", name);
        of.forEach(each -> BuildPlan.requireName("of", each));
        require(!of.contains(name), "'%s' cannot be merged into itself".formatted(name));
        require(of.size() > 1, "at least two models are merged, not " + of);
        require(new HashSet<>(of).size() == of.size(), "a model is named twice in " + of);
        require(
                weights.size() == of.size() && weights.stream().allMatch(w -> w > 0 && w <= 10),
                "there is a weight for each of %d models, above 0 and at most 10, not %s"
                        .formatted(of.size(), weights));
        require(
                !scales.isEmpty() && scales.stream().allMatch(scale -> scale > 0 && scale <= 10),
                "at least one λ is tried, each above 0 and at most 10, not " + scales);
        require(
                !densities.isEmpty() && densities.stream().allMatch(d -> d > 0 && d <= 1),
                "at least one density is tried, each above 0 and at most 1, not " + densities);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(what);
        }
    }

    /** One way to do it, in words and as the rule that does it. */
    record Way(String words, double scale, double density, OfflineRule rule) {}

    /** All ways that are tried, in order. */
    List<Way> ways() {
        List<Way> ways = new ArrayList<>();
        for (double scale : scales) {
            switch (rule) {
                case TIES ->
                        densities.forEach(
                                density -> ways.add(way(scale, density, ties(scale, density))));
                case DARE ->
                        densities.forEach(
                                density -> ways.add(way(scale, density, dare(scale, density))));
                // With nothing dropped, DARE is λ times the mean.
                case MEAN -> ways.add(way(scale, 1, dare(scale, 1)));
                case TASK_ARITHMETIC -> ways.add(way(scale, 1, dare(scale * of.size(), 1)));
            }
        }
        return ways;
    }

    private Way way(double scale, double density, OfflineRule how) {
        String words = rule.word() + ", λ = " + scale;
        return new Way(density < 1 ? words + ", density " + density : words, scale, density, how);
    }

    private static OfflineRule ties(double scale, double density) {
        return new OfflineRule.Ties(density, scale);
    }

    private OfflineRule dare(double scale, double density) {
        return new OfflineRule.Dare(1 - density, scale, seed);
    }
}
