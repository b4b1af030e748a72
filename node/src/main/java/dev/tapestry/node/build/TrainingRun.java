package dev.tapestry.node.build;

import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.training.StepReport;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import java.time.InstantSource;

/** So many steps, told step by step, ended between two of them when the node is to stop. */
public final class TrainingRun {

    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;

    /** Tells {@code progress} of each step. */
    public TrainingRun(NodeProgress progress, StopSignal stop, InstantSource clock) {
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
    }

    /**
     * What was trained.
     *
     * @param tokens in these steps
     * @param natsPerToken mean training loss
     * @param bitsPerByte the same spread over the text's bytes
     */
    public record Result(long tokens, int steps, double natsPerToken, double bitsPerByte) {

        /** The result of training on {@code text}. */
        public static Result of(long tokens, int steps, double natsPerToken, Tokens text) {
            double bytesPerToken = (double) text.bytes() / text.count();
            return new Result(
                    tokens, steps, natsPerToken, natsPerToken / Math.log(2) / bytesPerToken);
        }
    }

    /**
     * Trains.
     *
     * @param round for the updates; 0 for a build
     * @throws dev.tapestry.node.NodeException {@code STOPPED}
     */
    public Result steps(Trainer trainer, TrainingPlan plan, Tokens tokens, int steps, int round) {
        long began = System.nanoTime();
        double nats = 0;
        for (int step = 1; step <= steps; step++) {
            stop.check();
            StepReport report = trainer.step();
            nats += report.loss();
            double seconds = (System.nanoTime() - began) / 1e9;
            progress.on(
                    new NodeUpdate.Stepped(
                            clock.instant(),
                            round,
                            step,
                            steps,
                            report.tokensSeen(),
                            report.loss(),
                            step * plan.tokensPerStep() / Math.max(seconds, 1e-9)));
        }
        return Result.of(steps * plan.tokensPerStep(), steps, nats / steps, tokens);
    }
}
