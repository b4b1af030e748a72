package dev.tapestry.aggregation;

import dev.tapestry.consortium.Aggregator.CentredClipping;
import dev.tapestry.consortium.Aggregator.GeometricMedian;
import dev.tapestry.consortium.Aggregator.Krum;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Rules that see the updates through their {@link Gram} matrix only, and answer with coefficients:
 * Δ = Σ coefficient · update. Plain loops in a fixed order, so that every machine gets the same
 * bits.
 */
final class DistanceRules {

    private DistanceRules() {}

    /** The weighted mean of the updates with the smallest scores; of equal ones the first. */
    static double[] krum(Gram updates, double[] weights, Krum rule) {
        int n = weights.length;
        double[] scores = new double[n];
        for (int i = 0; i < n; i++) {
            scores[i] = score(updates, i, n, n - rule.byzantine() - 2);
        }
        List<Integer> chosen =
                IntStream.range(0, n)
                        .boxed()
                        .sorted(Comparator.comparingDouble(i -> scores[i]))
                        .limit(rule.selected())
                        .sorted()
                        .toList();
        double[] coefficients = new double[n];
        chosen.forEach(i -> coefficients[i] = weights[i]);
        return normalised(coefficients);
    }

    private static double score(Gram updates, int of, int n, int nearest) {
        return IntStream.range(0, n)
                .filter(other -> other != of)
                .mapToDouble(other -> updates.squaredDistance(of, other))
                .sorted()
                .limit(nearest)
                .reduce(0, Double::sum);
    }

    /** Smoothed Weiszfeld steps from the weighted mean. */
    static double[] geometricMedian(Gram updates, double[] weights, GeometricMedian rule) {
        double[] point = weights.clone();
        for (int step = 0; step < rule.iterations(); step++) {
            double[] next = new double[weights.length];
            for (int i = 0; i < weights.length; i++) {
                next[i] = weights[i] / Math.max(rule.smoothing(), updates.distance(point, i));
            }
            point = normalised(next);
        }
        return point;
    }

    /**
     * Clipped steps towards all updates.
     *
     * @param vectors the updates, and after them the update of the round before
     * @return coefficients of all of them
     */
    static double[] centredClipping(Gram vectors, double[] weights, CentredClipping rule) {
        int n = weights.length;
        double[] centre = new double[n + 1];
        centre[n] = 1;
        for (int step = 0; step < rule.iterations(); step++) {
            double[] next = centre.clone();
            for (int i = 0; i < n; i++) {
                double distance = vectors.distance(centre, i);
                double part = weights[i] * Math.min(1, rule.radius() / distance);
                for (int j = 0; j <= n; j++) {
                    next[j] -= part * centre[j];
                }
                next[i] += part;
            }
            centre = next;
        }
        return centre;
    }

    private static double[] normalised(double[] values) {
        double sum = Arrays.stream(values).reduce(0, Double::sum);
        for (int i = 0; i < values.length; i++) {
            values[i] /= sum;
        }
        return values;
    }
}
