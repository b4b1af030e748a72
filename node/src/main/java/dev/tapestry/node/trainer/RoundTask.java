package dev.tapestry.node.trainer;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.Overlap;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.node.NodeConfig;
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

    /** Its steps, with a node's threads and precision. */
    RoundSteps steps(NodeConfig config) {
        return steps(config, round(), count, scheduleTokens);
    }

    /** The next round's, of which this node does so many, if this one gives a base. */
    RoundSteps next(NodeConfig config, int nextCount) {
        return steps(
                config, round().next(), nextCount, scheduleTokens + training().tokensPerRound());
    }

    private RoundSteps steps(NodeConfig config, RoundNumber of, int many, long schedule) {
        int ahead = announced.overlap().map(Overlap::steps).orElse(0);
        return new RoundSteps(of, plan(config), many, schedule, ahead);
    }

    /** The same training with a node's threads and precision. */
    TrainingPlan plan(NodeConfig config) {
        return TrainingPlans.of(announced.training(), config);
    }
}
