package dev.tapestry.node.trainer;

import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.training.Trainer;
import org.jspecify.annotations.Nullable;

/**
 * A round's first steps, on a thread of their own, while what was contributed before travels. Its
 * trainer belongs to that thread until it was {@linkplain #join joined}.
 */
final class TrainingAhead implements AutoCloseable {

    private final RoundSteps steps;
    private final Trainer trainer;
    private final TrainingRun run;
    private final Thread thread;
    private volatile boolean dropped;
    private volatile @Nullable Throwable failure;

    private TrainingAhead(RoundSteps steps, Trainer trainer, TrainingRun run) {
        this.steps = steps;
        this.trainer = trainer;
        this.run = run;
        this.thread = Thread.ofPlatform().name("training-ahead").daemon().unstarted(this::train);
    }

    /** Begins at once; {@code trainer} holds what it has contributed and now belongs to this. */
    static TrainingAhead begin(RoundSteps steps, Trainer trainer, TrainingRun run) {
        TrainingAhead ahead = new TrainingAhead(steps, trainer, run);
        ahead.thread.start();
        return ahead;
    }

    private void train() {
        try {
            for (int step = 1; step <= steps.ahead() && !dropped; step++) {
                run.until(step, trainer);
            }
        } catch (RuntimeException | Error e) {
            failure = e; // thrown where somebody waits for the steps
        }
    }

    RoundSteps steps() {
        return steps;
    }

    /**
     * Waits for the last of the steps; what became of them is then the caller's.
     *
     * @throws RuntimeException what {@link TrainingRun#until} threw
     */
    RoundTraining join() {
        await();
        Throwable broken = failure;
        if (broken == null) {
            return new RoundTraining(trainer, run);
        }
        trainer.close();
        if (broken instanceof Error error) {
            throw error;
        }
        throw (RuntimeException) broken;
    }

    /** Gives the steps up after the one that is being done. */
    @Override
    public void close() {
        dropped = true;
        await();
        trainer.close();
    }

    /** A step cannot be broken off, so an interrupt waits as well. */
    private void await() {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
