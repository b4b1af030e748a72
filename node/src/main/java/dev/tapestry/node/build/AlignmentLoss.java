package dev.tapestry.node.build;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.training.PreferencePlan;
import java.util.Optional;

/** By which loss a model is aligned, as plans name it; see {@link PreferencePlan}. */
public sealed interface AlignmentLoss {

    /** What the trainer takes. */
    PreferencePlan plan();

    /**
     * Direct preference optimisation, from pairs.
     *
     * @param beta 0.1 if left out
     */
    record Dpo(@LeftOutWhenEmpty Optional<Double> beta) implements AlignmentLoss {
        public Dpo {
            StageTraining.requirePositive("beta", beta);
        }

        @Override
        public PreferencePlan plan() {
            return new PreferencePlan.Dpo(beta.orElse(0.1));
        }
    }

    /**
     * Odds ratio preference optimisation, from pairs.
     *
     * @param lambda 0.1 if left out
     */
    record Orpo(@LeftOutWhenEmpty Optional<Double> lambda) implements AlignmentLoss {
        public Orpo {
            StageTraining.requirePositive("lambda", lambda);
        }

        @Override
        public PreferencePlan plan() {
            return new PreferencePlan.Orpo(lambda.orElse(0.1));
        }
    }

    /**
     * Kahneman–Tversky optimisation, from answers that are called good or bad.
     *
     * @param beta 0.1 if left out
     * @param desirable weight of good answers; 1 if left out
     * @param undesirable weight of bad ones; 1 if left out
     */
    record Kto(
            @LeftOutWhenEmpty Optional<Double> beta,
            @LeftOutWhenEmpty Optional<Double> desirable,
            @LeftOutWhenEmpty Optional<Double> undesirable)
            implements AlignmentLoss {
        public Kto {
            StageTraining.requirePositive("beta", beta);
            StageTraining.requirePositive("desirable", desirable);
            StageTraining.requirePositive("undesirable", undesirable);
        }

        @Override
        public PreferencePlan plan() {
            return new PreferencePlan.Kto(
                    beta.orElse(0.1), desirable.orElse(1.0), undesirable.orElse(1.0));
        }
    }
}
