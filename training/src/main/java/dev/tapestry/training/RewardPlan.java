package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;

/**
 * How a model learns from rewards of its own answers (GRPO; Shao et al., arXiv:2402.03300). Each
 * step answers its prompts anew and moves once, so the answers are always the model's own.
 *
 * @param samples answers to each prompt, at least two: their rewards are compared with one another
 * @param maxTokens longest answer
 * @param temperature of sampling
 * @param epsilon of the clipped ratio; while each sample is used once, the ratio is 1
 * @param beta of the divergence from the reference; 0 needs none. Usually 0.04
 * @param scaled whether advantages are divided by the rewards' deviation and a sample's tokens by
 *     their number; without it this is Dr. GRPO (Liu et al., arXiv:2503.20783)
 */
public record RewardPlan(
        int samples,
        int maxTokens,
        double temperature,
        double epsilon,
        double beta,
        boolean scaled) {

    public RewardPlan {
        check(samples >= 2 && samples <= 1024, "samples", samples);
        check(maxTokens >= 1, "maxTokens", maxTokens);
        check(temperature > 0 && temperature <= 10, "temperature", temperature);
        check(epsilon > 0 && epsilon < 1, "epsilon", epsilon);
        check(beta >= 0 && beta < 1e3, "beta", beta);
    }

    /** Eight answers at temperature 1, ε 0.2, β 0.04. */
    public static RewardPlan of(int maxTokens) {
        return new RewardPlan(8, maxTokens, 1, 0.2, 0.04, true);
    }

    private static void check(boolean ok, String name, double value) {
        if (!ok) {
            throw new TrainingException(
                    Code.INVALID_PLAN, "rewards: " + name + " " + value + " is out of range");
        }
    }
}
