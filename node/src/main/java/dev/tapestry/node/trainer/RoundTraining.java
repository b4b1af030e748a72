package dev.tapestry.node.trainer;

import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.training.Trainer;

/**
 * A round that is being trained.
 *
 * @param trainer that trains; closed with this
 * @param run how far it is
 */
record RoundTraining(Trainer trainer, TrainingRun run) implements AutoCloseable {

    @Override
    public void close() {
        trainer.close();
    }
}
