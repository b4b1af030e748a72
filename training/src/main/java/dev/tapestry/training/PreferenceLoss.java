package dev.tapestry.training;

/**
 * The losses of preferences as functions of log-probabilities (natural logarithms), with their
 * derivatives. Nothing but arithmetic; σ is the logistic function.
 */
final class PreferenceLoss {

    /** Nearer to certainty the odds are taken as if it were this far. */
    private static final double MOST_CERTAIN = -1e-7;

    private PreferenceLoss() {}

    /** A loss of two answers and its derivatives by the first argument and by the second. */
    record Pair(double loss, double byChosen, double byRejected) {}

    /** A loss of one number and its derivative. */
    record Single(double loss, double slope) {}

    /** −log σ(β·((l_w − r_w) − (l_l − r_l))), from sums over the answers' tokens. */
    static Pair dpo(double beta, double margin) {
        double slope = beta * sigmoid(-margin);
        return new Pair(-logSigmoid(margin), -slope, slope);
    }

    /** β·((l_w − r_w) − (l_l − r_l)). */
    static double margin(
            double beta,
            double chosen,
            double rejected,
            double referenceChosen,
            double referenceRejected) {
        return beta * ((chosen - referenceChosen) - (rejected - referenceRejected));
    }

    /** −l̄_w − λ·log σ(o(l̄_w) − o(l̄_l)), from means over the answers' tokens. */
    static Pair orpo(double lambda, double chosen, double rejected) {
        double ratio = logOdds(chosen) - logOdds(rejected);
        double slope = lambda * sigmoid(-ratio);
        return new Pair(
                -chosen - lambda * logSigmoid(ratio),
                -1 - slope * logOddsSlope(chosen),
                slope * logOddsSlope(rejected));
    }

    /** o(l) = log(p/(1−p)) with p = exp l. */
    static double logOdds(double logProbability) {
        double l = Math.min(logProbability, MOST_CERTAIN);
        return l - Math.log(-Math.expm1(l));
    }

    private static double logOddsSlope(double logProbability) {
        return -1 / Math.expm1(Math.min(logProbability, MOST_CERTAIN));
    }

    /**
     * λ_D·(1 − σ(β(r − z₀))) of a good answer, λ_U·(1 − σ(β(z₀ − r))) of a bad one; r is the
     * logarithm of the ratio to the reference.
     *
     * @param origin z₀, not differentiated
     */
    static Single kto(PreferencePlan.Kto plan, boolean desirable, double ratio, double origin) {
        double sign = desirable ? 1 : -1;
        double weight = desirable ? plan.desirable() : plan.undesirable();
        double value = sigmoid(plan.beta() * sign * (ratio - origin));
        return new Single(weight * (1 - value), -weight * plan.beta() * sign * value * (1 - value));
    }

    /**
     * Of one token of a sampled answer: −min(ρA, clip(ρ, 1 − ε, 1 + ε)·A) + β·(e^d − d − 1), with ρ
     * the ratio to the model that sampled and d the logarithm of the reference's ratio to the model
     * (Shao et al., arXiv:2402.03300).
     */
    static Single grpo(
            double epsilon,
            double beta,
            double advantage,
            double now,
            double sampled,
            double reference) {
        double ratio = Math.exp(now - sampled);
        double clipped = Math.clamp(ratio, 1 - epsilon, 1 + epsilon) * advantage;
        double free = ratio * advantage;
        double apart = reference - now;
        return new Single(
                -Math.min(free, clipped) + beta * (Math.expm1(apart) - apart),
                (free <= clipped ? -free : 0) - beta * Math.expm1(apart));
    }

    /** (R − mean)/std of a group; 0 where all rewards are equal. */
    static double[] advantages(double[] rewards, boolean scaled) {
        double mean = 0;
        for (double reward : rewards) {
            mean += reward / rewards.length;
        }
        double variance = 0;
        for (double reward : rewards) {
            variance += (reward - mean) * (reward - mean) / rewards.length;
        }
        double deviation = scaled ? Math.sqrt(variance) : 1;
        double[] advantages = new double[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            advantages[i] = variance < 1e-12 ? 0 : (rewards[i] - mean) / deviation;
        }
        return advantages;
    }

    static double sigmoid(double x) {
        return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
    }

    static double logSigmoid(double x) {
        return x >= 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x));
    }
}
