package dev.tapestry.app.study;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.training.TrainingPlan;
import java.nio.file.Path;
import java.util.SortedMap;

/**
 * What each member does for itself with the model that came out: it trains on its own text, by the
 * arm's recipe, and is scored on its own.
 *
 * @param tokens of each member, at least 1
 * @param learningRate peak rate, above 0
 */
public record PrivateSteps(long tokens, double learningRate) {

    public PrivateSteps {
        if (tokens < 1 || !(learningRate > 0) || Double.isInfinite(learningRate)) {
            throw new IllegalArgumentException(
                    "private steps have at least 1 token and a rate above 0, not %d and %s"
                            .formatted(tokens, learningRate));
        }
    }

    /** Bits per byte of each member's own model on its own held-out text. */
    public SortedMap<MemberId, Double> run(Arm.Inputs inputs, Recipe recipe, Path model) {
        TrainingPlan plan =
                recipe.withLearningRate(learningRate)
                        .plan(1, tokens, inputs.seed(), inputs.threads())
                        .withDevice(inputs.device());
        return Arm.eachForItself(inputs, model, plan, tokens);
    }
}
