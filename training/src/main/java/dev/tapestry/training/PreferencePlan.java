package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;

/**
 * By which loss a model learns from answers that are preferred to others, or called good or bad.
 */
public sealed interface PreferencePlan {

    /** Whether the answers' probabilities under the model before are needed. */
    boolean needsReference();

    /**
     * Direct preference optimisation (Rafailov et al., arXiv:2305.18290).
     *
     * @param beta how near the model is held to the reference; usually 0.1
     */
    record Dpo(double beta) implements PreferencePlan {
        public Dpo {
            positive("beta", beta);
        }

        @Override
        public boolean needsReference() {
            return true;
        }
    }

    /**
     * Odds ratio preference optimisation (Hong et al., arXiv:2403.07691): instruction tuning on the
     * chosen answers and a penalty, without a reference.
     *
     * @param lambda weight of the penalty; usually 0.1
     */
    record Orpo(double lambda) implements PreferencePlan {
        public Orpo {
            positive("lambda", lambda);
        }

        @Override
        public boolean needsReference() {
            return false;
        }
    }

    /**
     * Kahneman–Tversky optimisation (Ethayarajh et al., arXiv:2402.01306): from single answers.
     *
     * @param beta how near the model is held to the reference; usually 0.1
     * @param desirable weight of good answers
     * @param undesirable weight of bad ones; where one kind is rare, weights such that desirable ·
     *     (number of good ones) is 1 to 4/3 of undesirable · (number of bad ones)
     */
    record Kto(double beta, double desirable, double undesirable) implements PreferencePlan {
        public Kto {
            positive("beta", beta);
            positive("desirable", desirable);
            positive("undesirable", undesirable);
        }

        @Override
        public boolean needsReference() {
            return true;
        }
    }

    private static void positive(String name, double value) {
        if (!(value > 0 && value < 1e6)) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "preferences: %s %s is not a positive number".formatted(name, value));
        }
    }
}
