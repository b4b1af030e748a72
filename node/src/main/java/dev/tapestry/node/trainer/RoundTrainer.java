package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.TrainingRun;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.function.Supplier;

/** Trains a round's steps on the member's text. */
public interface RoundTrainer {

    /**
     * Trains from the task's base and writes the model to {@code target}, laid out as the base is.
     *
     * @param text that the card has permitted to train on; only its training part is used
     * @param target does not exist yet, or is empty
     * @throws dev.tapestry.node.NodeException {@code STOPPED}, {@code ROUND_OVER}, {@code
     *     WRONG_MODEL}, {@code STORAGE}; of the member's own trainer also {@code TRAINER_FAILED},
     *     {@code TRAINER_OUT_OF_TIME}, {@code TRAINER_OUTPUT}
     */
    TrainingRun.Result train(RoundTask task, OpenText text, Path target);

    /**
     * Goes on with the steps that the next round lets begin without its base, while what was
     * trained for {@code task} travels; returns at once. Called again, it changes nothing.
     *
     * @param count steps that this node does in the next round
     * @param text the same that was trained on, opened once more; closed by this
     */
    void goOn(RoundTask task, int count, Supplier<OpenText> text);

    /** Gives up what is kept in memory for a next round: it can be trained again. */
    void rest();

    /** The latest round is over: what is kept of one that was broken off is of no use any more. */
    void forget();

    /** The one that the node's settings ask for. */
    static RoundTrainer of(
            NodeHome home,
            NodeConfig config,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        return config.trainer()
                .<RoundTrainer>map(own -> new OwnTrainer(own, config, progress, stop, clock))
                .orElseGet(() ->
                        new EmbeddedTrainer(
                                new EmbeddedTraining(
                                        home.trainer(),
                                        progress,
                                        stop,
                                        clock,
                                        config.checkpointEvery()),
                                config));
    }
}
