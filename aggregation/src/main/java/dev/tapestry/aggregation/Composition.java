package dev.tapestry.aggregation;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.Mixing;
import dev.tapestry.weights.TensorSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A merge's rule, worked out for its contributions: clipping as a scale for each member and tensor,
 * mixing as a matrix, rules about distances as coefficients. What remains for the files is one pass
 * that adds up, or ranks, coordinate by coordinate.
 */
final class Composition {

    private final MergeRule rule;
    private final double[] weights;
    private final Optional<Survey> survey;
    private final Mixture mixture;

    /** By member, and last that of the update of the round before; empty for coordinate rules. */
    private final double[] coefficients;

    private Composition(
            MergeRule rule, MergeOrder order, double[] weights, Optional<Survey> survey) {
        this.rule = rule;
        this.weights = weights;
        this.survey = survey;
        Optional<Gram> whole = survey.map(all -> whole(order, all));
        this.mixture = mixture(order, whole);
        this.coefficients = coefficients(whole);
    }

    /** Surveys the updates if the rule has to know something of them first. */
    static Composition of(MergeInputs inputs, Kernels kernels, Workers workers, MergeCount count) {
        MergeRule rule = inputs.order().rule();
        boolean products = looksAtDistances(rule);
        Optional<Survey> survey =
                products || rule.clipping().isPresent()
                        ? Optional.of(Survey.of(inputs, kernels, workers, products, count))
                        : Optional.empty();
        return new Composition(
                rule,
                inputs.order(),
                inputs.weights().stream().mapToDouble(Double::doubleValue).toArray(),
                survey);
    }

    private static boolean looksAtDistances(MergeRule rule) {
        boolean mixes =
                rule.mixing()
                        .map(mixing ->
                                switch (mixing) {
                                    case Mixing.Bucketing _ ->
                                            rule.aggregator() instanceof Aggregator.NormPreserving;
                                    case Mixing.NearestNeighbour _ -> true;
                                })
                        .orElse(false);
        return mixes
                || switch (rule.aggregator()) {
                    case Aggregator.Mean _,
                            Aggregator.NormPreserving _,
                            Aggregator.MeanOverSenders _,
                            Aggregator.CoordinateMedian _,
                            Aggregator.TrimmedMean _ ->
                            false;
                    case Aggregator.Krum _,
                            Aggregator.GeometricMedian _,
                            Aggregator.CentredClipping _ ->
                            true;
                };
    }

    /** The products of the clipped updates over all tensors, in the order of shards and tensors. */
    private Gram whole(MergeOrder order, Survey all) {
        Gram sum = new Gram(weights.length + 1);
        for (var specs : order.base().layout().values()) {
            specs.forEach(spec -> {
                double[] scales = Arrays.copyOf(scales(spec.name()), weights.length + 1);
                scales[weights.length] = 1;
                sum.addScaled(all.of(spec.name()), scales);
            });
        }
        return sum;
    }

    private Mixture mixture(MergeOrder order, Optional<Gram> whole) {
        return rule.mixing()
                .map(mixing ->
                        switch (mixing) {
                            case Mixing.Bucketing(int size) ->
                                    Mixture.buckets(order, weights, size);
                            case Mixing.NearestNeighbour(int byzantine) ->
                                    Mixture.nearest(whole.orElseThrow(), weights, byzantine);
                        })
                .orElseGet(() -> Mixture.plain(weights));
    }

    private double[] coefficients(Optional<Gram> whole) {
        return switch (rule.aggregator()) {
            case Aggregator.Mean _, Aggregator.NormPreserving _ -> ofMembers(mixture.weights(), 0);
            case Aggregator.Krum krum ->
                    ofMembers(DistanceRules.krum(mixed(whole), mixture.weights(), krum), 0);
            case Aggregator.GeometricMedian median ->
                    ofMembers(
                            DistanceRules.geometricMedian(mixed(whole), mixture.weights(), median),
                            0);
            case Aggregator.CentredClipping clipping -> {
                double[] all =
                        DistanceRules.centredClipping(mixed(whole), mixture.weights(), clipping);
                yield ofMembers(all, all[all.length - 1]);
            }
            case Aggregator.MeanOverSenders _,
                    Aggregator.CoordinateMedian _,
                    Aggregator.TrimmedMean _ ->
                    new double[0];
        };
    }

    private double[] ofMembers(double[] ofVectors, double previous) {
        double[] all = Arrays.copyOf(mixture.members(ofVectors), weights.length + 1);
        all[weights.length] = previous;
        return all;
    }

    /** The products of the mixed updates, and of the update of the round before. */
    private Gram mixed(Optional<Gram> whole) {
        int vectors = mixture.rows().length;
        double[][] rows = new double[vectors + 1][];
        for (int vector = 0; vector < vectors; vector++) {
            rows[vector] = Arrays.copyOf(mixture.rows()[vector], weights.length + 1);
        }
        rows[vectors] = new double[weights.length + 1];
        rows[vectors][weights.length] = 1;
        return whole.orElseThrow().of(rows);
    }

    /** By member, what clipping leaves of a tensor's update: 1 if nothing is clipped. */
    private double[] scales(String tensor) {
        double[] scales = new double[weights.length];
        Arrays.fill(scales, 1);
        if (rule.clipping().isPresent()) {
            Gram products = survey.orElseThrow().of(tensor);
            double[] sorted = new double[weights.length];
            int voters = 0;
            for (int member = 0; member < weights.length; member++) {
                if (weights[member] > 0) {
                    sorted[voters++] = products.norm(member);
                }
            }
            Arrays.sort(sorted, 0, voters);
            double median = sorted[(voters - 1) / 2];
            for (int member = 0; member < weights.length; member++) {
                double norm = products.norm(member);
                scales[member] = norm > median ? median / norm : 1;
            }
        }
        return scales;
    }

    /** How a tensor's updates become one. */
    Combination of(String tensor) {
        double[] scales = scales(tensor);
        int n = mixture.rows().length;
        return switch (rule.aggregator()) {
            case Aggregator.Mean _,
                    Aggregator.NormPreserving _,
                    Aggregator.Krum _,
                    Aggregator.GeometricMedian _,
                    Aggregator.CentredClipping _ ->
                    Blend.of(scaled(coefficients, scales), coefficients[weights.length]);
            case Aggregator.CoordinateMedian _ -> ranked(scales, (n - 1) / 2);
            case Aggregator.TrimmedMean(int byzantine) -> ranked(scales, byzantine);
            case Aggregator.MeanOverSenders _ -> new Senders(weights, scales);
        };
    }

    private Combination ranked(double[] scales, int trimmed) {
        List<Blend> voters =
                Arrays.stream(mixture.rows()).map(row -> Blend.of(scaled(row, scales))).toList();
        return new Combination.Ranked(voters, trimmed);
    }

    /** Whether hidden matrices keep the members' mean norm. */
    boolean preservesNorms() {
        return rule.aggregator() instanceof Aggregator.NormPreserving;
    }

    /** How often the elements of this tensor are worked on until it is written. */
    int passes(TensorSpec spec) {
        return preservesNorms() && TensorMerge.isHiddenMatrix(spec) ? knowsNorms() ? 2 : 3 : 1;
    }

    /** Whether {@link #norms} knows the norms without another pass. */
    boolean knowsNorms() {
        return survey.isPresent();
    }

    /** By vector, its norm within one tensor: of what is left after clipping and mixing. */
    double[] norms(String tensor) {
        Gram products = survey.orElseThrow().of(tensor);
        double[] scales = scales(tensor);
        double[] norms = new double[mixture.rows().length];
        for (int vector = 0; vector < norms.length; vector++) {
            double[] of = Arrays.copyOf(scaled(mixture.rows()[vector], scales), weights.length + 1);
            norms[vector] = Math.sqrt(Math.max(0, products.product(of, of)));
        }
        return norms;
    }

    /** By vector, its norm, from those of the members; only where nothing is clipped or mixed. */
    double[] norms(double[] members) {
        return Arrays.stream(mixture.rows())
                .mapToDouble(row -> {
                    int member = 0;
                    while (row[member] == 0) {
                        member++;
                    }
                    return members[member];
                })
                .toArray();
    }

    /** Σ w ‖vector‖, in order. */
    double meanNorm(double[] norms) {
        double mean = 0;
        for (int vector = 0; vector < norms.length; vector++) {
            mean += mixture.weights()[vector] * norms[vector];
        }
        return mean;
    }

    /**
     * The direction of the norm-preserving mean: Σ w (n/‖vector‖) vector with n the mean norm. The
     * common factor n keeps the numbers near those of the updates; {@link Blend#withNorm} takes it
     * out again. A vector that did not move has no direction and is left out.
     */
    Blend direction(String tensor, double[] norms) {
        double mean = meanNorm(norms);
        double[] factors = new double[norms.length];
        for (int vector = 0; vector < norms.length; vector++) {
            if (norms[vector] > 0) {
                factors[vector] = mixture.weights()[vector] * (mean / norms[vector]);
            }
        }
        return Blend.of(scaled(mixture.members(factors), scales(tensor)));
    }

    private double[] scaled(double[] members, double[] scales) {
        double[] scaled = new double[weights.length];
        for (int member = 0; member < scaled.length; member++) {
            scaled[member] = members[member] * scales[member];
        }
        return scaled;
    }
}
