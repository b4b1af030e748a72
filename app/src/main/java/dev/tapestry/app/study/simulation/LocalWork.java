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
     * A member's steps of a round.
     *
     * @param scheduleTokens where the learning rate's schedule is at its beginning
     * @param target where its weights go
     * @param gradients what is asked beside weights, if anything
     * @throws Diverged if its loss is no longer a number
     */
    TrainingRun.Result train(
            MemberId member,
            RoundNumber round,
            long scheduleTokens,
            Path base,
            Path target,
            Optional<GradientTask> gradients);

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
