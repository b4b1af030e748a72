package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.GradientTask;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/** What members do by themselves, one after the other: they train and score. */
interface LocalWork extends AutoCloseable {

    /** Who they are. */
    List<MemberId> members();

    /** Writes the model with which the consortium begins, all F32. */
    void writeStart(Path target);

    /**
     * A member's part in a round.
     *
     * @param member who trains
     * @param round in which
     * @param steps that it does
     * @param ahead of the steps, those before the base is needed: they begin from the weights that
     *     the member ended the round before with, if it trained in it
     * @param scheduleTokens where the learning rate's schedule is at the round's beginning
     * @param base directory of the base
     * @param gradients what is asked beside weights, if anything
     */
    record Task(
            MemberId member,
            RoundNumber round,
            int steps,
            int ahead,
            long scheduleTokens,
            Path base,
            Optional<GradientTask> gradients) {}

    /**
     * Trains.
     *
     * @param target where the weights go
     * @throws Diverged if the loss is no longer a number
     */
    TrainingRun.Result train(Task task, Path target);

    /**
     * Whether a round leaves nothing behind in a member, so that one whose weights nobody wants
     * need not be computed.
     */
    boolean forgets();

    /**
     * A model's loss for each member: bits per byte of its held-out text, or a function's value.
     *
     * @throws Diverged if one is not a number
     */
    SortedMap<MemberId, Double> losses(Path model);

    /** Local steps in whose time a member scores a candidate. */
    double stepsToScore();

    /** Bytes of text that a member scores. */
    long scoredBytes();

    @Override
    void close();
}
