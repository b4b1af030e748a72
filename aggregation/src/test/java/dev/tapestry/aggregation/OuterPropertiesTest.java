package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.OuterOptimizer.Adaptive;
import dev.tapestry.consortium.OuterOptimizer.DelayedNesterov;
import dev.tapestry.consortium.OuterOptimizer.Measured;
import dev.tapestry.consortium.OuterOptimizer.Sgd;
import dev.tapestry.consortium.OuterOptimizer.Variant;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What must hold of every outer optimiser over several rounds, whatever the numbers. */
final class OuterPropertiesTest {

    private static final long SEED = System.nanoTime();
    private static final int ROUNDS = 4;
    private static final int MEMBERS = 3;

    /** Of a move's root mean square; what rounding to float leaves of updates of 0.01. */
    private static final double FLOATS = 3e-7;

    @TempDir Path folder;

    private final Random random = new Random(SEED);
    private int next;

    /** Every kind, with random hyper-parameters. */
    private Map<String, OuterOptimizer> drawn() {
        Map<String, OuterOptimizer> all = linear();
        for (Variant variant : Variant.values()) {
            all.put(variant.name(), adaptive(variant));
        }
        return all;
    }

    /** Those that go twice as far for twice the updates. */
    private Map<String, OuterOptimizer> linear() {
        Map<String, OuterOptimizer> linear = new LinkedHashMap<>();
        double rate = random.nextDouble(0.3, 1);
        double momentum = random.nextDouble(0.1, 0.9);
        int merges = random.nextInt(1, 4);
        linear.put("nesterov", new Sgd(rate, momentum, true));
        linear.put("heavy ball", new Sgd(rate, momentum, false));
        linear.put(
                "delayed",
                new DelayedNesterov(rate, momentum, merges, random.nextDouble() / merges));
        linear.put("measured", new Measured(rate, momentum, random.nextDouble(0.1, 0.9)));
        return linear;
    }

    private Adaptive adaptive(Variant variant) {
        double beta1 = random.nextDouble(0.5, 0.9);
        double beta2 = variant == Variant.ADAGRAD ? 0 : random.nextDouble(0.9, 0.99);
        return new Adaptive(variant, 0.01, beta1, beta2, 1e-3);
    }

    @Test
    void who_is_who_changes_nothing() {
        double[] weights = weights();
        double[][][] updates = updates();
        List<Integer> order = new ArrayList<>(List.of(0, 1, 2));
        Collections.shuffle(order, random);
        double[] otherWeights = order.stream().mapToDouble(m -> weights[m]).toArray();
        double[][][] others =
                Arrays.stream(updates)
                        .map(round -> order.stream().map(m -> round[m]).toArray(double[][]::new))
                        .toArray(double[][][]::new);
        drawn().forEach((name, optimizer) -> {
            double[][] straight = moves(optimizer, weights, updates);
            expect(name, moves(optimizer, otherWeights, others), straight);
        });
    }

    @Test
    void members_who_say_the_same_count_as_one_who_says_it() {
        double[] weights = weights();
        double[][][] alone =
                Arrays.stream(updates())
                        .map(round -> new double[][] {round[0]})
                        .toArray(double[][][]::new);
        double[][][] chorus =
                Arrays.stream(alone)
                        .map(round -> Collections.nCopies(MEMBERS, round[0]))
                        .map(round -> round.toArray(double[][]::new))
                        .toArray(double[][][]::new);
        drawn().forEach((name, optimizer) -> {
            double[][] one = moves(optimizer, new double[] {1}, alone);
            expect(name, moves(optimizer, weights, chorus), one);
        });
    }

    /** The measured cosine, and with it rate and momentum, is the same for twice the updates. */
    @Test
    void without_second_moments_twice_the_updates_go_twice_as_far() {
        double[] weights = weights();
        double[][][] updates = updates();
        linear().forEach((name, optimizer) -> {
            double[][] once = moves(optimizer, weights, updates);
            double[][] twice = moves(optimizer, weights, times(2, updates));
            expect(name, twice, times(2, once));
        });
    }

    /**
     * m and √v grow with the updates, so that m ÷ (√v + τ) stays if τ grows with them, and with it
     * v's beginning, τ². If τ stays, small updates go nearly twice as far and large ones hardly
     * farther.
     */
    @Test
    void with_second_moments_twice_the_updates_go_as_far_if_epsilon_is_twice_as_large() {
        double[] weights = weights();
        double[][][] updates = updates();
        for (Variant variant : Variant.values()) {
            Adaptive rule = adaptive(variant);
            Adaptive scaled =
                    new Adaptive(
                            variant,
                            rule.learningRate(),
                            rule.beta1(),
                            rule.beta2(),
                            2 * rule.epsilon());
            double[][] once = moves(rule, weights, updates);
            expect(variant.name(), moves(scaled, weights, times(2, updates)), once);
            double[][] unscaled = moves(rule, weights, times(2, updates));
            for (int round = 0; round < ROUNDS; round++) {
                assertThat(Published.norm(unscaled[round]) / Published.norm(once[round]))
                        .as(story(variant.name(), round))
                        .isBetween(1.0, 2.0);
            }
        }
    }

    /**
     * The optimiser is behind the mean, and no defence. But v has grown before m is divided by its
     * root: it is at least (1 − β₂)β₂^(t−i) Δᵢ² for each Δᵢ so far (Δᵢ² for ADAGRAD), and |m| at
     * most Σ (1 − β₁)β₁^(t−i) |Δᵢ|.
     */
    @Test
    void one_liar_moves_what_has_second_moments_by_a_bound_and_all_else_as_far_as_it_likes() {
        double[] weights = new double[MEMBERS];
        Arrays.fill(weights, 1.0 / MEMBERS);
        double[][][] updates = updates();
        updates[1][2] = lie(1e4);
        drawn().forEach((name, optimizer) -> {
            double[][] moved = moves(optimizer, weights, updates);
            if (optimizer instanceof Adaptive rule) {
                for (int round = 0; round < ROUNDS; round++) {
                    assertThat(Arrays.stream(moved[round]).map(Math::abs).max().orElseThrow())
                            .as(story(name, round))
                            .isLessThan(1.001 * bound(rule));
                }
            } else {
                assertThat(Published.norm(moved[1])).as(story(name, 1)).isGreaterThan(100);
            }
        });
    }

    private static double bound(Adaptive rule) {
        double beta1 = rule.beta1();
        if (rule.variant() == Variant.ADAGRAD) {
            return rule.learningRate();
        }
        double root = Math.sqrt(rule.beta2());
        double sum = (1 - beta1) / (1 - beta1 / root);
        return rule.learningRate() * sum / Math.sqrt(1 - rule.beta2());
    }

    /** Momentum multiplies a steady update by no more than 1 ÷ (1 − μ). */
    @Test
    void a_liar_whom_the_aggregator_keeps_out_is_in_no_momentum_either() {
        double[] weights = new double[MEMBERS];
        Arrays.fill(weights, 1.0 / MEMBERS);
        double[][][] updates = updates();
        updates[1][2] = lie(1e4);
        linear().forEach((name, optimizer) -> {
            MergeRule rule = MergeRule.of(optimizer, new Aggregator.CoordinateMedian());
            double gain =
                    switch (optimizer) {
                        case Sgd sgd -> sgd.learningRate() / (1 - sgd.momentum());
                        case DelayedNesterov slow -> slow.learningRate() / (1 - slow.momentum());
                        case Measured by -> by.targetStep() / (1 - by.maxMomentum());
                        case Adaptive _ -> throw new AssertionError(name);
                    };
            double[][] moved = moves(rule, weights, updates);
            for (int round = 0; round < ROUNDS; round++) {
                // Honest updates are about 0.14 long.
                assertThat(Published.norm(moved[round]))
                        .as(story(name, round))
                        .isLessThan(0.2 * gain);
            }
        });
    }

    private double[] lie(double size) {
        double[] lie = gaussian(1);
        double norm = Published.norm(lie);
        return Arrays.stream(lie).map(v -> size * v / norm).toArray();
    }

    private double[][] moves(OuterOptimizer optimizer, double[] weights, double[][][] updates) {
        return moves(MergeRule.of(optimizer, new Aggregator.Mean()), weights, updates);
    }

    /** What is subtracted from the base in each round; all begin with the same base. */
    private double[][] moves(MergeRule rule, double[] weights, double[][][] updates) {
        try (RuleStage stage = new RuleStage(folder.resolve("stage-" + next++), SEED, weights)) {
            return Arrays.stream(updates)
                    .map(round -> stage.merge(rule, round))
                    .toArray(double[][]::new);
        }
    }

    /**
     * Round by round, updates around a common one, as honest members send them; half of it is the
     * same in all rounds, so that there is momentum.
     */
    private double[][][] updates() {
        double[][][] updates = new double[ROUNDS][MEMBERS][];
        double[] steady = gaussian(0.007);
        for (double[][] round : updates) {
            double[] common = sum(steady, gaussian(0.007));
            for (int m = 0; m < MEMBERS; m++) {
                round[m] = sum(common, gaussian(0.005));
            }
        }
        return updates;
    }

    private double[] gaussian(double deviation) {
        double[] values = new double[RuleStage.SIZE];
        Arrays.setAll(values, _ -> random.nextGaussian() * deviation);
        return values;
    }

    private static double[] sum(double[] one, double[] other) {
        double[] sum = new double[one.length];
        Arrays.setAll(sum, k -> one[k] + other[k]);
        return sum;
    }

    private double[] weights() {
        double[] weights = random.doubles(MEMBERS, 0.5, 1.5).toArray();
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(w -> w / sum).toArray();
    }

    private static double[][][] times(double factor, double[][][] rounds) {
        return Arrays.stream(rounds).map(round -> times(factor, round)).toArray(double[][][]::new);
    }

    private static double[][] times(double factor, double[][] vectors) {
        return Arrays.stream(vectors)
                .map(vector -> Arrays.stream(vector).map(v -> factor * v).toArray())
                .toArray(double[][]::new);
    }

    private static void expect(String name, double[][] found, double[][] expected) {
        for (int round = 0; round < ROUNDS; round++) {
            double apart = Published.distance(found[round], expected[round]);
            assertThat(apart / Math.sqrt(RuleStage.SIZE)).as(story(name, round)).isLessThan(FLOATS);
        }
    }

    private static String story(String name, int round) {
        return "seed %d: %s in round %d".formatted(SEED, name, round + 1);
    }
}
