package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;

/**
 * {@code done.json}: the trainer is done, all else is written.
 *
 * @param tokens trained on in this round
 * @param steps taken in this round
 * @param meanLoss mean of the steps' losses, in nats per token
 */
public record JobDone(long tokens, int steps, double meanLoss) {

    public JobDone {
        if (!(meanLoss >= 0)) {
            throw new IllegalArgumentException("meanLoss is 0 or more");
        }
    }

    /**
     * What the trainer says of a job.
     *
     * @throws NodeException {@code TRAINER_OUTPUT} if it is missing, malformed, or of other steps
     *     than the round's
     */
    public static JobDone of(JobDirectory directory, TrainingJob job) {
        JobDone done;
        try {
            done = JobFiles.read(directory.done(), JobDone.class);
        } catch (TrustException e) {
            throw new NodeException(
                    Code.TRAINER_OUTPUT, directory.done() + ": " + e.getMessage(), e);
        }
        if (done.steps != job.steps() || done.tokens != job.tokens()) {
            throw new NodeException(
                    Code.TRAINER_OUTPUT,
                    "%s says %d tokens in %d steps; the round asks for %d in %d"
                            .formatted(
                                    directory.done(),
                                    done.tokens,
                                    done.steps,
                                    job.tokens(),
                                    job.steps()));
        }
        return done;
    }
}
