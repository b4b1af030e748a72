package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.util.Optional;

/**
 * How a model is made a member's own. With the same plan, base, lessons and number of threads the
 * same weights come out of the processors, bit by bit.
 *
 * <p>A step's {@code sequencesPerStep} are conversations, pairs or prompts where those are the
 * lessons; {@code sequenceLength} is then the length of the rows that they are packed into, and no
 * text is longer. The schedule counts tokens without what fills rows up.
 *
 * @param training the step
 * @param lora what is learnt of low rank; empty for all weights
 * @param l2ToBase how fast weights go back to the base's: by learning rate · this each step
 *     (decoupled, as weight decay is); 0 for not at all
 * @param klToBase factor of KL(base‖model) beside the loss, at the positions that are learnt; 0 for
 *     none. Takes the memory of a second model
 */
public record TuningPlan(
        TrainingPlan training, Optional<LoraPlan> lora, double l2ToBase, double klToBase) {

    public TuningPlan {
        check(
                l2ToBase >= 0 && l2ToBase < 1e3,
                "l2ToBase %s is not in [0, 1000)".formatted(l2ToBase));
        check(
                klToBase >= 0 && klToBase < 1e3,
                "klToBase %s is not in [0, 1000)".formatted(klToBase));
        if (lora.isPresent()) {
            check(
                    l2ToBase == 0,
                    "l2ToBase with LoRA: take the optimiser's weight decay, which draws A and B to 0");
            check(
                    training.optimizer() instanceof OptimizerPlan.AdamW,
                    "LoRA is trained with AdamW, since Muon's update is of full rank");
            check(training.averaging().isEmpty(), "averaging of weights with LoRA");
        }
    }

    /** All weights, held to nothing. */
    public static TuningPlan full(TrainingPlan training) {
        return new TuningPlan(training, Optional.empty(), 0, 0);
    }

    /** A change of low rank. */
    public static TuningPlan lora(TrainingPlan training, LoraPlan lora) {
        return new TuningPlan(training, Optional.of(lora), 0, 0);
    }

    /** The same, held to the base. */
    public TuningPlan heldToBase(double l2, double kl) {
        return new TuningPlan(training, lora, l2, kl);
    }

    private static void check(boolean ok, String message) {
        if (!ok) {
            throw new TrainingException(Code.INVALID_PLAN, "tuning: " + message);
        }
    }
}
