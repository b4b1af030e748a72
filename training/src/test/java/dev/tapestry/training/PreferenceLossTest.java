package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** Against the papers' equations, written down again, and finite differences of those. */
final class PreferenceLossTest {

    private final SplittableRandom random = new SplittableRandom(20_261_127);

    @Test
    void dpo_is_its_equation() {
        for (int i = 0; i < 200; i++) {
            double beta = random.nextDouble(0.01, 1);
            double w = -random.nextDouble(90);
            double l = -random.nextDouble(90);
            double rw = w + random.nextDouble(-9, 9);
            double rl = l + random.nextDouble(-9, 9);
            DoubleUnaryOperator byW = x -> dpo(beta, x, l, rw, rl);
            DoubleUnaryOperator byL = x -> dpo(beta, w, x, rw, rl);
            PreferenceLoss.Pair pair =
                    PreferenceLoss.dpo(beta, PreferenceLoss.margin(beta, w, l, rw, rl));
            close(pair.loss(), dpo(beta, w, l, rw, rl));
            close(pair.byChosen(), slope(byW, w));
            close(pair.byRejected(), slope(byL, l));
        }
    }

    private static double dpo(double beta, double w, double l, double rw, double rl) {
        double ratio = Math.exp(beta * (l - rl)) / Math.exp(beta * (w - rw));
        return Math.log(1 + ratio);
    }

    @Test
    void orpo_is_its_equation() {
        for (int i = 0; i < 200; i++) {
            double lambda = random.nextDouble(0.01, 1);
            double w = -random.nextDouble(0.05, 5);
            double l = -random.nextDouble(0.05, 5);
            PreferenceLoss.Pair pair = PreferenceLoss.orpo(lambda, w, l);
            close(pair.loss(), orpo(lambda, w, l));
            close(pair.byChosen(), slope(x -> orpo(lambda, x, l), w));
            close(pair.byRejected(), slope(x -> orpo(lambda, w, x), l));
        }
    }

    private static double orpo(double lambda, double w, double l) {
        double oddsW = Math.exp(w) / (1 - Math.exp(w));
        double oddsL = Math.exp(l) / (1 - Math.exp(l));
        return -w + lambda * Math.log(1 + oddsL / oddsW);
    }

    @Test
    void kto_is_its_equation() {
        for (int i = 0; i < 200; i++) {
            PreferencePlan.Kto plan =
                    new PreferencePlan.Kto(
                            random.nextDouble(0.01, 1),
                            random.nextDouble(0.5, 2),
                            random.nextDouble(0.5, 2));
            boolean good = random.nextBoolean();
            double ratio = random.nextDouble(-9, 9);
            double origin = random.nextDouble(3);
            PreferenceLoss.Single single = PreferenceLoss.kto(plan, good, ratio, origin);
            close(single.loss(), kto(plan, good, ratio, origin));
            close(single.slope(), slope(x -> kto(plan, good, x, origin), ratio));
        }
    }

    private static double kto(PreferencePlan.Kto plan, boolean good, double r, double z) {
        return good
                ? plan.desirable() * (1 - 1 / (1 + Math.exp(-plan.beta() * (r - z))))
                : plan.undesirable() * (1 - 1 / (1 + Math.exp(-plan.beta() * (z - r))));
    }

    @Test
    void grpo_is_its_equation_also_where_the_ratio_is_clipped() {
        int clipped = 0;
        for (int i = 0; i < 400; i++) {
            double advantage = random.nextDouble(-2, 2);
            double sampled = -random.nextDouble(0.1, 5);
            double now = sampled + random.nextDouble(-0.5, 0.5);
            double reference = now + random.nextDouble(-0.5, 0.5);
            PreferenceLoss.Single token =
                    PreferenceLoss.grpo(0.2, 0.04, advantage, now, sampled, reference);
            close(token.loss(), grpo(advantage, now, sampled, reference));
            close(token.slope(), slope(x -> grpo(advantage, x, sampled, reference), now));
            clipped += Math.abs(Math.exp(now - sampled) - 1) > 0.2 ? 1 : 0;
        }
        assertThat(clipped).isBetween(50, 350);
    }

    private static double grpo(double advantage, double now, double sampled, double reference) {
        double rho = Math.exp(now) / Math.exp(sampled);
        double bounded = rho < 0.8 ? 0.8 : rho > 1.2 ? 1.2 : rho;
        double surrogate = Math.min(rho * advantage, bounded * advantage);
        double r = Math.exp(reference) / Math.exp(now);
        return -surrogate + 0.04 * (r - Math.log(r) - 1);
    }

    @Test
    void advantages_are_standard_scores_of_a_group() {
        assertThat(PreferenceLoss.advantages(new double[] {1, 0, 0, 1}, true))
                .containsExactly(1, -1, -1, 1);
        assertThat(PreferenceLoss.advantages(new double[] {3, 0, 0}, false))
                .containsExactly(2, -1, -1);
        assertThat(PreferenceLoss.advantages(new double[] {1, 1}, true)).containsExactly(0, 0);
    }

    @Test
    void losses_far_from_even_are_finite() {
        assertThat(PreferenceLoss.dpo(1, -2000).loss()).isEqualTo(2000);
        assertThat(PreferenceLoss.dpo(1, 2000).loss()).isZero();
        assertThat(PreferenceLoss.orpo(0.1, 0, -800).loss()).isFinite();
        assertThat(PreferenceLoss.orpo(0.1, 0, 0).byChosen()).isFinite();
    }

    private static double slope(DoubleUnaryOperator f, double x) {
        return (f.applyAsDouble(x + 1e-6) - f.applyAsDouble(x - 1e-6)) / 2e-6;
    }

    private static void close(double actual, double expected) {
        assertThat(actual).isCloseTo(expected, within(1e-6 * (1 + Math.abs(expected))));
    }
}
