package dev.tapestry.node.trainer;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.Overlap;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.node.Compute;
import dev.tapestry.node.build.TrainingPlans;
import dev.tapestry.training.TrainingPlan;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * What a round asks of a member's trainer.
 *
 * @param announced the round's plan
 * @param planDigest of its canonical JSON
 * @param scheduleTokens where the learning rate's schedule is at the round's beginning
 * @param base the model to train from, a Hugging Face directory
 * @param count steps that this node does
 * @param gradients what is asked beside weights, if anything
 */
public record RoundTask(
        RoundPlan announced,
        Digest planDigest,
        long scheduleTokens,
        Path base,
        int count,
        Optional<GradientTask> gradients) {

    /** The same task with what is asked beside weights. */
    public RoundTask with(Optional<GradientTask> asked) {
        return new RoundTask(announced, planDigest, scheduleTokens, base, count, asked);
    }

    /** Its number. */
    public RoundNumber round() {
        return announced.round();
    }

    LocalTraining training() {
        return announced.training();
    }

    Instant deadline() {
        return announced.closesAt();
    }

    /** Its steps, with what of a machine trains. */
    RoundSteps steps(Compute compute) {
        return steps(compute, round(), count, scheduleTokens);
    }

    /** The next round's, of which this node does so many, if this one gives a base. */
    RoundSteps next(Compute compute, int nextCount) {
        return steps(
                compute, round().next(), nextCount, scheduleTokens + training().tokensPerRound());
    }

    private RoundSteps steps(Compute compute, RoundNumber of, int many, long schedule) {
        int ahead = announced.overlap().map(Overlap::steps).orElse(0);
        return new RoundSteps(of, plan(compute), many, schedule, ahead);
    }

    /** The same training with what of a machine trains. */
    TrainingPlan plan(Compute compute) {
        return TrainingPlans.of(announced.training(), compute);
    }
}
