package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.Clipping;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.Mixing;
import dev.tapestry.consortium.OuterOptimizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every aggregator, clipping and mixing against {@link Published}, on whole models. */
final class AggregatorConformanceTest {

    private static final long SEED = System.nanoTime();

    /** Updates have about 0.01, bases about 0.1: a float of 0.1 is exact to 7e-9. */
    private static final double FLOATS = 5e-8;

    @TempDir Path folder;

    @Test
    void the_coordinate_median_of_odd_and_even_numbers() {
        for (int members = 6; members <= 7; members++) {
            agrees(
                    RuleStage.equal(folder.resolve("" + members), SEED, members),
                    by(new Aggregator.CoordinateMedian()),
                    Published::coordinateMedian);
        }
    }

    @Test
    void the_trimmed_mean() {
        for (int f = 1; f <= 3; f++) {
            int trimmed = f;
            agrees(
                    RuleStage.equal(folder.resolve("" + f), SEED, 8),
                    by(new Aggregator.TrimmedMean(f)),
                    x -> Published.trimmedMean(x, trimmed));
        }
    }

    @Test
    void krum_and_multi_krum() {
        double[] weights = {0.1, 0.2, 0.1, 0.1, 0.2, 0.1, 0.2};
        for (int m = 1; m <= 3; m++) {
            int chosen = m;
            agrees(
                    new RuleStage(folder.resolve("" + m), SEED, weights),
                    by(new Aggregator.Krum(2, m)),
                    x -> Published.krum(x, weights, 2, chosen));
        }
    }

    @Test
    void the_geometric_median_by_smoothed_weiszfeld_steps() {
        double[] weights = {0.3, 0.2, 0.1, 0.1, 0.3};
        for (double smoothing : new double[] {1e-6, 0.1}) {
            agrees(
                    new RuleStage(folder.resolve("" + smoothing), SEED, weights),
                    by(new Aggregator.GeometricMedian(smoothing, 6)),
                    x -> Published.geometricMedian(x, weights, smoothing, 6));
        }
    }

    @Test
    void centred_clipping_starts_from_the_update_of_the_round_before() {
        double[] weights = {0.3, 0.2, 0.1, 0.4};
        try (RuleStage stage = new RuleStage(folder, SEED, weights)) {
            MergeRule rule = by(new Aggregator.CentredClipping(0.05, 3));
            double[] before = new double[RuleStage.SIZE];
            for (int round = 0; round < 3; round++) {
                double[][] x = stage.honest();
                double[] expected = Published.centredClipping(x, weights, before, 0.05, 3);
                stage.expect(stage.merge(rule, x), expected, FLOATS);
                before = expected;
            }
            assertThat(Published.norm(before)).as("something was clipped").isLessThan(0.15);
        }
    }

    @Test
    void clipping_to_the_median_of_the_norms_is_by_tensor() {
        double[] weights = {0.1, 0.2, 0.3, 0.4};
        agrees(
                new RuleStage(folder, SEED, weights),
                MergeRule.fedAvg().clipped(new Clipping.MedianNorm()),
                x -> Published.mean(clipped(x), weights));
    }

    /** Independent of the code: of four norms, the second smallest. */
    private static double[][] clipped(double[][] x) {
        double[][] clipped = new double[x.length][];
        for (int m = 0; m < x.length; m++) {
            double[][] parts = new double[RuleStage.SPECS.size()][];
            for (int t = 0; t < parts.length; t++) {
                int tensor = t;
                double[] norms =
                        Arrays.stream(x)
                                .mapToDouble(u -> Published.norm(RuleStage.part(u, tensor)))
                                .sorted()
                                .toArray();
                double median = norms[(norms.length - 1) / 2];
                double[] part = RuleStage.part(x[m], t);
                double scale = Math.min(1, median / Published.norm(part));
                parts[t] = Arrays.stream(part).map(v -> v * scale).toArray();
            }
            clipped[m] = RuleStage.joined(parts);
        }
        return clipped;
    }

    @Test
    void rules_about_distances_see_what_clipping_left() {
        agrees(
                RuleStage.equal(folder, SEED, 5),
                by(new Aggregator.GeometricMedian(1e-6, 4)).clipped(new Clipping.MedianNorm()),
                x -> Published.geometricMedian(clipped(x), equal(5), 1e-6, 4));
    }

    @Test
    void the_mean_over_senders_counts_only_those_who_sent_a_coordinate() {
        double[] weights = {0.1, 0.2, 0.3, 0.4};
        try (RuleStage stage = new RuleStage(folder, SEED, weights)) {
            double[][] x = stage.honest();
            double[] from = stage.base();
            for (double[] update : x) {
                for (int k = 0; k < update.length; k++) {
                    // What a member does not send is exactly the base; coordinate 0 nobody sends.
                    update[k] = k > 0 && stage.random.nextInt(3) == 0 ? update[k] : 0;
                }
            }
            double[][] clipped = clipped(x);
            double[] expected = new double[RuleStage.SIZE];
            for (int k = 0; k < expected.length; k++) {
                double sum = 0;
                double sent = 0;
                for (int m = 0; m < weights.length; m++) {
                    sum += weights[m] * clipped[m][k];
                    sent += x[m][k] == 0 ? 0 : weights[m];
                }
                expected[k] = sent == 0 ? 0 : sum / sent;
            }
            double[] moved = stage.merge(MergeRule.sparseLoCo(1), x);
            stage.expect(moved, expected, FLOATS);
            assertThat(stage.base()[0]).isEqualTo(from[0]);
        }
    }

    @Test
    void nearest_neighbour_mixing_before_a_trimmed_mean_and_before_krum() {
        agrees(
                RuleStage.equal(folder.resolve("trimmed"), SEED, 7),
                by(new Aggregator.TrimmedMean(2)).mixed(new Mixing.NearestNeighbour(2)),
                x -> Published.trimmedMean(Published.nearestNeighbourMixing(x, 2), 2));
        agrees(
                RuleStage.equal(folder.resolve("krum"), SEED, 7),
                by(new Aggregator.Krum(2, 1)).mixed(new Mixing.NearestNeighbour(2)),
                x -> Published.krum(Published.nearestNeighbourMixing(x, 2), equal(7), 2, 1));
    }

    @Test
    void norms_are_preserved_of_what_mixing_made() {
        agrees(
                RuleStage.equal(folder, SEED, 5),
                by(new Aggregator.NormPreserving()).mixed(new Mixing.NearestNeighbour(1)),
                x -> {
                    double[][] y = Published.nearestNeighbourMixing(x, 1);
                    double[] mean = Published.mean(y, equal(5));
                    double[][] hidden =
                            Arrays.stream(y)
                                    .map(u -> RuleStage.part(u, 1))
                                    .toArray(double[][]::new);
                    double[] direction = new double[hidden[0].length];
                    double norm = 0;
                    for (double[] part : hidden) {
                        norm += Published.norm(part) / 5;
                        for (int k = 0; k < direction.length; k++) {
                            direction[k] += part[k] / Published.norm(part) / 5;
                        }
                    }
                    double scale = norm / Published.norm(direction);
                    return RuleStage.joined(
                            RuleStage.part(mean, 0),
                            Arrays.stream(direction).map(v -> v * scale).toArray(),
                            RuleStage.part(mean, 2));
                });
    }

    /** He, Karimireddy, Jaggi, arXiv 2006.09365, Algorithm 1; the last bucket has one member. */
    @Test
    void bucketing_means_members_in_the_order_of_their_lots() throws NoSuchAlgorithmException {
        double[] weights = {0.1, 0.15, 0.2, 0.1, 0.15, 0.2, 0.1};
        try (RuleStage stage = new RuleStage(folder, SEED, weights)) {
            double[][] x = stage.honest();
            MergeRule rule = by(new Aggregator.CoordinateMedian()).mixed(new Mixing.Bucketing(2));
            MergeOrder order = stage.order(rule, x);
            String seed = sha256(linesOf(order));
            List<MemberId> members = List.copyOf(order.contributions().keySet());
            String[] lots = new String[7];
            for (int m = 0; m < 7; m++) {
                lots[m] = sha256(seed + " " + members.get(m));
            }
            int[] drawn =
                    IntStream.range(0, 7)
                            .boxed()
                            .sorted(Comparator.comparing(m -> lots[m]))
                            .mapToInt(Integer::intValue)
                            .toArray();
            double[][] buckets = new double[4][RuleStage.SIZE];
            for (int b = 0; b < 4; b++) {
                double sum = 0;
                for (int place = 2 * b; place < Math.min(7, 2 * b + 2); place++) {
                    sum += weights[drawn[place]];
                    for (int k = 0; k < RuleStage.SIZE; k++) {
                        buckets[b][k] += weights[drawn[place]] * x[drawn[place]][k];
                    }
                }
                for (int k = 0; k < RuleStage.SIZE; k++) {
                    buckets[b][k] /= sum;
                }
            }
            double[] from = stage.base();
            MergeOutcome outcome = Merge.run(order, folder.resolve("bucketed"), 1);
            try (Models models = new Models(folder)) {
                var merged = models.open(outcome.candidate());
                double[] expected = Published.coordinateMedian(buckets);
                int k = 0;
                for (var spec : RuleStage.SPECS) {
                    for (float value : Models.values(merged, spec.name())) {
                        assertThat(from[k] - value)
                                .as("seed " + SEED)
                                .isCloseTo(expected[k], within(FLOATS));
                        k++;
                    }
                }
            }
        }
    }

    private static String linesOf(MergeOrder order) {
        StringBuilder text = new StringBuilder("base " + order.baseDigest() + "\n");
        order.contributions().forEach((member, c) -> text.append(member + " " + c.digest() + "\n"));
        return text.toString();
    }

    private static String sha256(String text) throws NoSuchAlgorithmException {
        return HexFormat.of()
                .formatHex(
                        MessageDigest.getInstance("SHA-256")
                                .digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private interface Equation {
        double[] of(double[][] updates);
    }

    private static void agrees(RuleStage on, MergeRule rule, Equation equation) {
        try (RuleStage stage = on) {
            double[][] x = stage.honest();
            // One liar, so that robust rules have something to do.
            x[1] = stage.gaussian(0.05);
            double[] expected = equation.of(x);
            stage.expect(stage.merge(rule, x), expected, FLOATS);
        }
    }

    private static MergeRule by(Aggregator aggregator) {
        return MergeRule.of(OuterOptimizer.fedAvg(), aggregator);
    }

    private static double[] equal(int members) {
        double[] weights = new double[members];
        Arrays.fill(weights, 1.0 / members);
        return weights;
    }
}
