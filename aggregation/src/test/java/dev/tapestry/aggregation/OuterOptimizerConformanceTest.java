package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.OuterOptimizer.Adaptive;
import dev.tapestry.consortium.OuterOptimizer.DelayedNesterov;
import dev.tapestry.consortium.OuterOptimizer.Measured;
import dev.tapestry.consortium.OuterOptimizer.Variant;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every outer optimiser over several rounds against its equations in plain doubles. */
final class OuterOptimizerConformanceTest {

    private static final long SEED = System.nanoTime();
    private static final double[] WEIGHTS = {0.5, 0.2, 0.3};
    private static final double FLOATS = 1e-7;

    @TempDir Path folder;

    @Test
    void nesterov_and_heavy_ball_are_those_of_pytorch() {
        for (boolean nesterov : new boolean[] {true, false}) {
            try (RuleStage stage = stage("" + nesterov)) {
                double[] b = new double[RuleStage.SIZE];
                for (int round = 0; round < 3; round++) {
                    double[][] x = stage.honest();
                    double[] delta = Published.mean(x, WEIGHTS);
                    double[] moved = new double[b.length];
                    for (int k = 0; k < b.length; k++) {
                        b[k] = 0.8 * b[k] + delta[k];
                        moved[k] = 0.6 * (nesterov ? delta[k] + 0.8 * b[k] : b[k]);
                    }
                    var sgd = new OuterOptimizer.Sgd(0.6, 0.8, nesterov);
                    stage.expect(stage.merge(by(sgd), x), moved, FLOATS);
                }
            }
        }
    }

    /**
     * Reddi et al., arXiv 2003.00295, Algorithm 2: the paper's Δ is the mean of xᵢ − x, and x moves
     * by + η m/(√v + τ).
     */
    @Test
    void fedadam_fedyogi_and_fedadagrad_are_those_of_the_paper() {
        for (Variant variant : Variant.values()) {
            double eta = 0.01;
            double beta1 = 0.9;
            double beta2 = variant == Variant.ADAGRAD ? 0 : 0.99;
            double tau = 1e-3;
            try (RuleStage stage = stage(variant.name())) {
                double[] m = new double[RuleStage.SIZE];
                double[] v = new double[RuleStage.SIZE];
                Arrays.fill(v, tau * tau);
                for (int round = 0; round < 4; round++) {
                    double[][] x = stage.honest();
                    double[] descent = Published.mean(x, WEIGHTS);
                    double[] moved = new double[m.length];
                    for (int k = 0; k < m.length; k++) {
                        double delta = -descent[k];
                        m[k] = beta1 * m[k] + (1 - beta1) * delta;
                        double square = delta * delta;
                        v[k] =
                                switch (variant) {
                                    case ADAGRAD -> v[k] + square;
                                    case YOGI ->
                                            v[k]
                                                    - (1 - beta2)
                                                            * square
                                                            * Math.signum(v[k] - square);
                                    case ADAM -> beta2 * v[k] + (1 - beta2) * square;
                                };
                        double forward = eta * m[k] / (Math.sqrt(v[k]) + tau);
                        moved[k] = -forward;
                    }
                    Adaptive rule = new Adaptive(variant, eta, beta1, beta2, tau);
                    stage.expect(stage.merge(by(rule), x), moved, FLOATS);
                }
                assertThat(stage.rounds().getLast().state().orElseThrow().isIntact()).isTrue();
            }
        }
    }

    @Test
    void momentum_by_measurement_follows_the_cosine_and_holds_the_step() {
        Measured rule = new Measured(0.9, 0.7, 0.5);
        try (RuleStage stage = stage("measured")) {
            double[] b = new double[RuleStage.SIZE];
            double[] before = b;
            double rho = Double.NaN;
            for (int round = 0; round < 6; round++) {
                double[][] x = stage.honest();
                if (round >= 2 && round <= 4) {
                    // The same way as the round before, and in the end back again.
                    for (int k = 0; k < before.length; k++) {
                        for (double[] update : x) {
                            update[k] = (round == 4 ? -1 : 1) * before[k] + update[k] / 10;
                        }
                    }
                }
                double[] delta = Published.mean(x, WEIGHTS);
                double agreeing = Double.isNaN(rho) ? 0 : Math.max(0, rho);
                double mu = Math.min(0.7, agreeing);
                double eta = 0.9 / (1 + mu / (1 - mu * agreeing));
                double[] moved = new double[b.length];
                double dot = 0;
                for (int k = 0; k < b.length; k++) {
                    b[k] = mu * b[k] + delta[k];
                    moved[k] = eta * (delta[k] + mu * b[k]);
                    dot += delta[k] * before[k];
                }
                stage.expect(stage.merge(by(rule), x), moved, 3 * FLOATS);
                RoundStatistics statistics = stage.rounds().getLast().statistics();
                assertThat(statistics.step().learningRate()).isCloseTo(eta, within(1e-5));
                assertThat(statistics.step().momentum().orElseThrow()).isCloseTo(mu, within(1e-5));
                if (round > 0) {
                    double cosine = dot / Published.norm(delta) / Published.norm(before);
                    rho = Double.isNaN(rho) ? cosine : 0.5 * rho + 0.5 * cosine;
                    assertThat(statistics.whole().cosineWithPrevious().orElseThrow())
                            .as("seed %d, round %d", SEED, round)
                            .isCloseTo(cosine, within(1e-4));
                }
                before = delta;
                if (round == 3) {
                    assertThat(mu).as("it has risen").isGreaterThan(0.1);
                }
            }
            assertThat(stage.rounds().get(4).statistics().step().momentum()).hasValue(0.7);
            assertThat(stage.rounds().get(5).statistics().step().momentum().orElseThrow())
                    .as("an update that goes back lowers it")
                    .isLessThan(0.3);
        }
    }

    /**
     * Liu et al., arXiv 2401.09135, Algorithm 2: m and Δ are kept between arrivals, t counts them.
     */
    @Test
    void delayed_nesterov_is_that_of_the_paper() {
        double eta = 0.6;
        double beta = 0.8;
        int buffer = 3;
        for (double c : new double[] {0, 0.2, 1.0 / 3}) {
            try (RuleStage stage = stage("delayed by " + c)) {
                double[] m = new double[RuleStage.SIZE];
                double[] delta = new double[RuleStage.SIZE];
                for (int t = 0; t < 7; t++) {
                    double[][] x = stage.honest();
                    double[] g = Published.mean(x, WEIGHTS);
                    double[] moved = new double[m.length];
                    for (int k = 0; k < m.length; k++) {
                        delta[k] += g[k];
                        if ((t + 1) % buffer != 0) {
                            moved[k] = eta * (c * beta * m[k] + g[k] / buffer);
                        } else {
                            m[k] = beta * m[k] + delta[k] / buffer;
                            moved[k] = eta * ((1 - c * buffer + c) * beta * m[k] + g[k] / buffer);
                            delta[k] = 0;
                        }
                    }
                    MergeRule rule = by(new DelayedNesterov(eta, beta, buffer, c));
                    stage.expect(stage.merge(rule, x), moved, 2 * FLOATS);
                    OuterState state = stage.rounds().getLast().state().orElseThrow();
                    assertThat(state.isIntact()).isTrue();
                    assertThat(state.notes().gathered()).hasValue((t + 1) % buffer);
                }
            }
        }
    }

    @Test
    void nesterov_delayed_by_nothing_is_nesterov_to_the_bit() {
        try (RuleStage plain = stage("plain");
                RuleStage delayed = stage("delayed by nothing")) {
            for (int round = 0; round < 3; round++) {
                double[] moved = plain.merge(MergeRule.diLoCo(0.6, 0.8), plain.honest());
                MergeRule rule = by(new DelayedNesterov(0.6, 0.8, 1, 0.5));
                assertThat(delayed.merge(rule, delayed.honest())).isEqualTo(moved);
            }
        }
    }

    @Test
    void between_two_turns_of_a_delayed_momentum_the_decomposition_of_a_step_is_exact() {
        try (RuleStage stage = stage("decomposed and delayed")) {
            MergeRule rule = by(new DelayedNesterov(1, 0.5, 2, 0.4));
            for (int round = 0; round < 2; round++) {
                stage.merge(rule, stage.honest());
            }
            double[][] third = stage.honest();
            double[] moved = stage.merge(rule, third);
            double[] delta = Published.mean(third, WEIGHTS);
            double along = 0;
            for (int k = 0; k < delta.length; k++) {
                along += moved[k] * delta[k] / Math.pow(Published.norm(delta), 2);
            }
            assertThat(gain(stage, 2).orElseThrow()).isCloseTo(along, within(1e-4));
            assertThat(gain(stage, 1)).as("where it turns").isEmpty();
            assertThat(stage.rounds().getLast().statistics().step().momentum()).hasValue(0.5);
        }
    }

    private static OptionalDouble gain(RuleStage stage, int round) {
        return stage.rounds()
                .get(round)
                .statistics()
                .whole()
                .momentum()
                .orElseThrow()
                .alignedGain();
    }

    @Test
    void a_state_in_which_more_is_gathered_than_the_rule_gathers_does_not_fit() {
        try (RuleStage stage = stage("shorter")) {
            MergeRule three = by(new DelayedNesterov(1, 0.5, 3, 0));
            MergeRule two = by(new DelayedNesterov(1, 0.5, 2, 0));
            stage.merge(three, stage.honest());
            assertThat(stage.rounds().getLast().state().orElseThrow().fits(two)).isTrue();
            stage.merge(three, stage.honest());
            assertThat(stage.rounds().getLast().state().orElseThrow().fits(two)).isFalse();
            assertThat(stage.rounds().getLast().state().orElseThrow().fits(three)).isTrue();
            MergeOrder order = stage.order(two, stage.honest());
            assertThatThrownBy(() -> Merge.run(order, folder.resolve("next"), 1))
                    .hasMessageContaining("2 gathered updates");
        }
    }

    @Test
    void the_decomposition_of_a_step_along_and_across_the_update_is_exact() {
        try (RuleStage stage = stage("decomposed")) {
            MergeRule rule = MergeRule.diLoCo(1, 0.5);
            double[][] first = stage.honest();
            stage.merge(rule, first);
            double[][] second = stage.honest();
            double[] moved = stage.merge(rule, second);
            double[] b = Published.mean(first, WEIGHTS);
            double[] delta = Published.mean(second, WEIGHTS);
            double squared = Math.pow(Published.norm(delta), 2);
            double c = 0;
            double along = 0;
            for (int k = 0; k < b.length; k++) {
                c += b[k] * delta[k] / squared;
                along += moved[k] * delta[k] / squared;
            }
            double[] aligned = delta.clone();
            for (int k = 0; k < aligned.length; k++) {
                aligned[k] *= c;
            }
            double across = Published.distance(b, aligned) / Math.sqrt(squared);
            var found = stage.rounds().getLast().statistics().whole().momentum().orElseThrow();
            assertThat(found.alignment()).isCloseTo(c, within(1e-4));
            assertThat(found.alignedGain().orElseThrow()).isCloseTo(along, within(1e-4));
            assertThat(found.transverse()).isCloseTo(across, within(1e-4));
            assertThat(stage.rounds().getLast().statistics().groups().keySet())
                    .containsExactly(TensorGroup.MLP, TensorGroup.NORM, TensorGroup.HEAD);
        }
    }

    @Test
    void the_state_of_another_kind_of_rule_is_refused() {
        try (RuleStage stage = stage("other")) {
            stage.merge(MergeRule.diLoCo(1, 0.5), stage.honest());
            MergeOrder order = stage.order(by(OuterOptimizer.fedYogi(0.01, 1e-3)), stage.honest());
            assertThatThrownBy(() -> Merge.run(order, folder.resolve("next"), 1))
                    .hasMessageContaining(
                            "holds [FIRST_MOMENT] with 0 gathered updates; the rule keeps");
        }
    }

    private RuleStage stage(String name) {
        return new RuleStage(folder.resolve(name), SEED, WEIGHTS);
    }

    private static MergeRule by(OuterOptimizer outer) {
        return MergeRule.of(outer, new Aggregator.Mean());
    }
}
