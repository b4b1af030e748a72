package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;

/** Which optimiser trains a model inside a node, with its hyper-parameters. */
public sealed interface OptimizerPlan {

    /**
     * AdamW (Loshchilov and Hutter, arXiv:1711.05101) on all weights; norms are not decayed.
     *
     * @param learningRate step size before the schedule's factor
     * @param beta1 decay of the first moment
     * @param beta2 decay of the second moment
     * @param epsilon added to the root of the second moment
     * @param weightDecay decoupled: weights shrink by learningRate · weightDecay each step
     */
    record AdamW(
            double learningRate, double beta1, double beta2, double epsilon, double weightDecay)
            implements OptimizerPlan {
        public AdamW {
            check(learningRate > 0 && learningRate < 1e3, "learningRate", learningRate);
            check(beta1 >= 0 && beta1 < 1, "beta1", beta1);
            check(beta2 >= 0 && beta2 < 1, "beta2", beta2);
            check(epsilon > 0 && epsilon < 1, "epsilon", epsilon);
            check(weightDecay >= 0 && weightDecay < 100, "weightDecay", weightDecay);
        }

        /** The usual constants for language models: betas 0.9 and 0.95, epsilon 1e-8. */
        public static AdamW of(double learningRate, double weightDecay) {
            return new AdamW(learningRate, 0.9, 0.95, 1e-8, weightDecay);
        }
    }

    /**
     * Muon (Jordan et al. 2024) on the layers' matrices, AdamW on embedding, output and norms. The
     * update of an m × n matrix is scaled by 0.2·√max(m, n), so that it is as large as AdamW's and
     * learning rates can be shared (Liu et al., arXiv:2502.16982).
     *
     * @param learningRate step size before the schedule's factor
     * @param momentum of the Nesterov average
     * @param weightDecay decoupled, as in AdamW
     * @param others for what is not a layer's matrix
     */
    record Muon(double learningRate, double momentum, double weightDecay, AdamW others)
            implements OptimizerPlan {
        public Muon {
            check(learningRate > 0 && learningRate < 1e3, "learningRate", learningRate);
            check(momentum >= 0 && momentum < 1, "momentum", momentum);
            check(weightDecay >= 0 && weightDecay < 100, "weightDecay", weightDecay);
        }

        /**
         * AdamW's epsilon for the embedding. With the usual 1e-8 a row whose gradient is almost
         * nothing moves as far as any other; members with different languages then pull each
         * other's rows about. See docs/decisions on the epsilon of embeddings.
         */
        private static final double EMBEDDING_EPSILON = 1e-4;

        /** Momentum 0.95, and one learning rate and decay for all weights. */
        public static Muon of(double learningRate, double weightDecay) {
            return new Muon(
                    learningRate,
                    0.95,
                    weightDecay,
                    new AdamW(learningRate, 0.9, 0.95, EMBEDDING_EPSILON, weightDecay));
        }
    }

    private static void check(boolean ok, String name, double value) {
        if (!ok) {
            throw new TrainingException(
                    Code.INVALID_PLAN, "optimizer: " + name + " " + value + " is out of range");
        }
    }
}
