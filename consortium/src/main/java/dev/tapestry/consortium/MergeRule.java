package dev.tapestry.consortium;

import java.util.Optional;

/**
 * How the members' updates move the base. With θ the base, θₘ the weights of member m and Δₘ = θ −
 * θₘ its update: the updates are clipped, then mixed, then made into one Δ by the aggregator, and Δ
 * moves the base as the outer optimiser says.
 *
 * @param outer what Δ does to the base
 * @param aggregator how the updates become one
 * @param clipping of each update before anything else; empty for none
 * @param mixing of the updates before the aggregator; empty for none
 */
public record MergeRule(
        OuterOptimizer outer,
        Aggregator aggregator,
        Optional<Clipping> clipping,
        Optional<Mixing> mixing) {

    /** A rule without clipping and mixing. */
    public static MergeRule of(OuterOptimizer outer, Aggregator aggregator) {
        return new MergeRule(outer, aggregator, Optional.empty(), Optional.empty());
    }

    /** Federated averaging (arXiv 1602.05629): the base becomes the mean of the contributions. */
    public static MergeRule fedAvg() {
        return of(OuterOptimizer.fedAvg(), new Aggregator.Mean());
    }

    /** DiLoCo (arXiv 2311.08105): the mean, and Nesterov momentum. */
    public static MergeRule diLoCo(double learningRate, double momentum) {
        return of(OuterOptimizer.diLoCo(learningRate, momentum), new Aggregator.Mean());
    }

    /**
     * The merge of SparseLoCo (arXiv 2508.15706): norms clipped to their median, the mean over
     * those who sent a coordinate, no momentum.
     */
    public static MergeRule sparseLoCo(double learningRate) {
        return of(new OuterOptimizer.Sgd(learningRate, 0, false), new Aggregator.MeanOverSenders())
                .clipped(new Clipping.MedianNorm());
    }

    /**
     * The rule for mean gradients that go with updates under this rule: as robust, but their mean
     * is what is wanted, not a step.
     */
    public MergeRule ofGradients() {
        Aggregator mean =
                switch (aggregator) {
                    case Aggregator.NormPreserving _ -> new Aggregator.Mean();
                    case Aggregator.MeanOverSenders _ -> new Aggregator.Mean();
                    case Aggregator other -> other;
                };
        return new MergeRule(OuterOptimizer.fedAvg(), mean, clipping, mixing);
    }

    /** The same rule with its updates clipped first. */
    public MergeRule clipped(Clipping by) {
        return new MergeRule(outer, aggregator, Optional.of(by), mixing);
    }

    /** The same rule with its updates mixed before they are aggregated. */
    public MergeRule mixed(Mixing by) {
        return new MergeRule(outer, aggregator, clipping, Optional.of(by));
    }
}
