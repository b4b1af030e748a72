package dev.tapestry.node.build;

import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.training.StepReport;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import java.time.InstantSource;

/**
 * So many steps, told step by step, ended between two of them when the node is to stop. Belongs to
 * one thread at a time.
 */
public final class TrainingRun {

    private final TrainingPlan plan;
    private final int steps;
    private final int round;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;
    private long nanos;
    private int done;
    private int before;
    private double nats;

    /**
     * A run of which nothing is done yet.
     *
     * @param steps in all
     * @param round for the updates; 0 for a build
     * @param progress is told of each step
     */
    public TrainingRun(
            TrainingPlan plan,
            int steps,
            int round,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.plan = plan;
        this.steps = steps;
        this.round = round;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
    }

    /**
     * Goes on where a checkpoint was written.
     *
     * @param after steps that are done
     * @param sum of their losses, in nats per token
     */
    public TrainingRun goOnAfter(int after, double sum) {
        done = after;
        before = after;
        nats = sum;
        return this;
    }

    /** Steps that are done. */
    public int done() {
        return done;
    }

    /** The sum of their losses, in nats per token. */
    public double nats() {
        return nats;
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
            return of(tokens, steps, natsPerToken, text.count(), text.bytes());
        }

        /** The result of training on a text of so many tokens and bytes. */
        public static Result of(
                long tokens, int steps, double natsPerToken, long textTokens, long textBytes) {
            double bytesPerToken = (double) textBytes / textTokens;
            return new Result(
                    tokens, steps, natsPerToken, natsPerToken / Math.log(2) / bytesPerToken);
        }
    }

    /**
     * Trains until {@code count} of the steps are done.
     *
     * @throws dev.tapestry.node.NodeException {@code STOPPED}
     */
    public void until(int count, Trainer trainer) {
        until(count, trainer, () -> {});
    }

    private void until(int count, Trainer trainer, Runnable between) {
        long began = System.nanoTime() - nanos;
        while (done < count) {
            stop.check();
            StepReport report = trainer.step();
            nats += report.loss();
            done++;
            nanos = System.nanoTime() - began;
            progress.on(
                    new NodeUpdate.Stepped(
                            clock.instant(),
                            round,
                            done,
                            steps,
                            report.tokensSeen(),
                            report.loss(),
                            (done - before) * plan.tokensPerStep() / Math.max(nanos / 1e9, 1e-9)));
            between.run();
        }
    }

    /** Does the steps that are left. */
    public Result rest(Trainer trainer, Tokens text) {
        return rest(trainer, text, () -> {});
    }

    /** The same, with something that is done after each step. */
    public Result rest(Trainer trainer, Tokens text, Runnable between) {
        until(steps, trainer, between);
        return Result.of(steps * plan.tokensPerStep(), steps, nats / steps, text);
    }
}
