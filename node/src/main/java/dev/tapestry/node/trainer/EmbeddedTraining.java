package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.training.ProcessGroup;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingException;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Trains a round's steps with the engine in this process. The optimiser's state and the place in
 * the corpus go on from the round before; the weights are the base's.
 *
 * <p>Where steps are trained ahead, a round begins from the weights that the one before ended with,
 * on a thread of its own if {@link #goOn} is called in time; what they have learnt is put on top of
 * the base when it is there. It comes to the same weights either way.
 *
 * <p>The state after round N is kept in {@code after-round-N.safetensors}. A round begins from the
 * latest state before it, so that a round that is trained again, because the node was killed, gives
 * the same weights bit by bit.
 */
public final class EmbeddedTraining {

    private static final System.Logger LOG = System.getLogger(EmbeddedTraining.class.getName());

    private final TrainerStates states;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;
    private final ProcessGroup group;
    private final Optional<RoundCheckpoints> checkpoints;
    private @Nullable Contributed contributed;
    private @Nullable TrainingAhead ahead;

    /** A trainer that holds what it has contributed in a round. */
    private record Contributed(int round, TrainingPlan plan, Trainer trainer) {}

    /**
     * Keeps the optimiser's states in {@code states}, which need not exist, and so often what a
     * round has come to.
     */
    EmbeddedTraining(
            Path states,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock,
            Duration checkpointEvery) {
        this(
                states,
                progress,
                stop,
                clock,
                ProcessGroup.alone(),
                Optional.of(new RoundCheckpoints(states, checkpointEvery)));
    }

    /** Keeps the optimiser's states; a round that is broken off begins again. */
    public EmbeddedTraining(
            Path states, NodeProgress progress, StopSignal stop, InstantSource clock) {
        this(states, progress, stop, clock, ProcessGroup.alone());
    }

    /** The same together with other processes, all of which see {@code states}; rank 0 writes. */
    public EmbeddedTraining(
            Path states,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock,
            ProcessGroup group) {
        this(states, progress, stop, clock, group, Optional.empty());
    }

    private EmbeddedTraining(
            Path states,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock,
            ProcessGroup group,
            Optional<RoundCheckpoints> checkpoints) {
        this.checkpoints = checkpoints;
        this.states = new TrainerStates(states);
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
        this.group = group;
    }

    /**
     * Trains from {@code base} and writes the weights to {@code target}.
     *
     * @param gradients what is asked beside weights, if anything
     * @throws NodeException {@code STOPPED}, {@code WRONG_MODEL}
     */
    public TrainingRun.Result train(
            RoundSteps steps,
            Path base,
            Tokens tokens,
            Path target,
            Optional<GradientTask> gradients) {
        return train(steps, base, tokens, target, gradients, "");
    }

    /**
     * The same; what was trained of this task before the node was killed is not trained again.
     *
     * @param task another plan, base or text is another task
     */
    TrainingRun.Result train(
            RoundSteps steps,
            Path base,
            Tokens tokens,
            Path target,
            Optional<GradientTask> gradients,
            String task) {
        try (ModelDirectory model = ModelDirectory.open(base)) {
            requireF32(model);
            RoundTraining training =
                    brokenOff(steps, tokens, task)
                            .orElseGet(() -> counting(begin(steps, model, tokens), gradients));
            boolean goesOn = false;
            try {
                TrainingRun.Result result =
                        finish(training, steps, model, tokens, target, gradients, task);
                goesOn = steps.ahead() > 0;
                return result;
            } finally {
                if (goesOn) {
                    training.trainer().holdContributed();
                    contributed =
                            new Contributed(
                                    steps.round().value(), steps.plan(), training.trainer());
                } else {
                    training.close();
                }
            }
        }
    }

    private TrainingRun.Result finish(
            RoundTraining training,
            RoundSteps steps,
            ModelDirectory model,
            Tokens tokens,
            Path target,
            Optional<GradientTask> gradients,
            String task) {
        Trainer trainer = training.trainer();
        TrainingRun run = training.run();
        checkpoints.ifPresent(RoundCheckpoints::begin);
        TrainingRun.Result result =
                run.rest(
                        trainer,
                        tokens,
                        () -> checkpoints.ifPresent(kept -> kept.consider(task, trainer, run)));
        trainer.exportLike(model, target);
        gradients.ifPresent(asked -> trainer.exportGradients(model, asked.target()));
        trainer.saveCheckpoint(states.after(steps.round().value()));
        checkpoints.ifPresent(RoundCheckpoints::drop);
        if (group.leads()) {
            states.dropOlderThan(steps.round());
        }
        return result;
    }

    /**
     * Begins the steps ahead of the next round, while what was trained in the one before travels;
     * nothing where they have begun, or where nothing is kept of that one.
     *
     * @param tokens must be readable until the next round begins, or {@link #rest}
     * @return whether they have begun now
     */
    public boolean goOn(RoundSteps next, Tokens tokens) {
        if (ahead != null && ahead.steps().equals(next)) {
            return false;
        }
        dropAhead();
        Optional<Trainer> trainer = contributor(next.round().value() - 1, next.plan(), tokens);
        trainer.ifPresent(own -> {
            own.continueScheduleAt(next.scheduleTokens());
            ahead = TrainingAhead.begin(next, own, run(next));
        });
        return trainer.isPresent();
    }

    /** Who trained in a round, if it is here still, as it was when it had contributed. */
    private Optional<Trainer> contributor(int round, TrainingPlan plan, Tokens tokens) {
        Contributed last = contributed;
        contributed = null;
        if (last != null && last.round() == round && last.plan().equals(plan)) {
            last.trainer().readFrom(tokens);
            return Optional.of(last.trainer());
        }
        if (last != null) {
            last.trainer().close();
        }
        if (!states.has(round)) {
            return Optional.empty();
        }
        Optional<Trainer> resumed = resumed(round, plan, tokens);
        resumed.ifPresent(Trainer::holdContributed);
        return resumed;
    }

    /** A round's trainer with the base's weights, and with the steps ahead done. */
    private RoundTraining begin(RoundSteps steps, ModelDirectory base, Tokens tokens) {
        return trainedAhead(steps, tokens)
                .flatMap(training -> moved(steps, training, own -> own.rebaseContributed(base)))
                .or(() ->
                        states.latestBefore(steps.round())
                                .flatMap(round -> resumed(round, steps.plan(), tokens))
                                .map(trainer -> begun(steps, trainer))
                                .flatMap(training ->
                                        moved(steps, training, own -> own.replaceWeights(base))))
                .orElseGet(() -> begun(steps, Trainer.begin(base, steps.plan(), tokens, group)));
    }

    private RoundTraining begun(RoundSteps steps, Trainer trainer) {
        trainer.continueScheduleAt(steps.scheduleTokens());
        return new RoundTraining(trainer, run(steps));
    }

    private TrainingRun run(RoundSteps steps) {
        return new TrainingRun(
                steps.plan(), steps.count(), steps.round().value(), progress, stop, clock);
    }

    /** The steps ahead, done meanwhile or now; empty where this node has nothing to begin from. */
    private Optional<RoundTraining> trainedAhead(RoundSteps steps, Tokens tokens) {
        TrainingAhead begun = ahead;
        if (begun != null && begun.steps().equals(steps)) {
            ahead = null;
            RoundTraining training = begun.join();
            training.trainer().readFrom(tokens);
            return Optional.of(training);
        }
        dropAhead();
        if (steps.ahead() == 0) {
            return Optional.empty();
        }
        return contributor(steps.round().value() - 1, steps.plan(), tokens)
                .map(trainer -> begun(steps, trainer))
                .map(training -> {
                    try {
                        training.run().until(steps.ahead(), training.trainer());
                        return training;
                    } catch (RuntimeException e) {
                        training.close();
                        throw e;
                    }
                });
    }

    /** The trainer with what the base changes in it, unless it is of another shape of model. */
    private static Optional<RoundTraining> moved(
            RoundSteps steps, RoundTraining training, Consumer<Trainer> byBase) {
        try {
            byBase.accept(training.trainer());
            return Optional.of(training);
        } catch (TrainingException e) {
            training.close();
            beginsFresh(steps.round().value(), e);
            return Optional.empty();
        } catch (RuntimeException e) {
            training.close();
            throw e;
        }
    }

    /** Who trained in a round, unless its state is of another optimiser or shape of model. */
    private Optional<Trainer> resumed(int round, TrainingPlan plan, Tokens tokens) {
        try {
            return Optional.of(Trainer.resume(states.after(round), plan, tokens, group));
        } catch (TrainingException e) {
            beginsFresh(round + 1, e);
            return Optional.empty();
        }
    }

    private static void beginsFresh(int round, TrainingException why) {
        LOG.log(
                System.Logger.Level.WARNING,
                "round {0} begins with a fresh optimiser: {1}",
                round,
                why.getMessage());
    }

    private void dropAhead() {
        if (ahead != null) {
            ahead.close();
            ahead = null;
        }
    }

    /** Gives up what is kept in memory for a next round; it can be trained again. */
    public void rest() {
        dropAhead();
        if (contributed != null) {
            contributed.trainer().close();
            contributed = null;
        }
    }

    /** Drops the checkpoint of a round that is not trained any more, if there is one. */
    void forget() {
        checkpoints.ifPresent(RoundCheckpoints::drop);
    }

    /** Where this task was broken off, if it was and a checkpoint is kept. */
    private Optional<RoundTraining> brokenOff(RoundSteps steps, Tokens tokens, String task) {
        return checkpoints.flatMap(kept ->
                kept.find(task)
                        .filter(found -> found.done() < steps.count())
                        .flatMap(found -> {
                            try {
                                Trainer trainer =
                                        Trainer.resume(
                                                kept.file(found), steps.plan(), tokens, group);
                                dropAhead();
                                return Optional.of(
                                        new RoundTraining(
                                                trainer,
                                                run(steps).goOnAfter(found.done(), found.nats())));
                            } catch (TrainingException e) {
                                LOG.log(
                                        System.Logger.Level.WARNING,
                                        "round {0} begins again: {1}",
                                        steps.round(),
                                        e.getMessage());
                                return Optional.empty();
                            }
                        }));
    }

    private static RoundTraining counting(
            RoundTraining training, Optional<GradientTask> gradients) {
        Trainer trainer = training.trainer();
        try {
            gradients.ifPresentOrElse(task -> count(trainer, task), trainer::correctNoGradients);
            return training;
        } catch (RuntimeException e) {
            training.close();
            throw e;
        }
    }

    private static void count(Trainer trainer, GradientTask task) {
        trainer.countGradients();
        task.correction()
                .ifPresentOrElse(
                        place -> {
                            try (ModelDirectory correction = ModelDirectory.open(place)) {
                                trainer.correctGradients(correction);
                            }
                        },
                        trainer::correctNoGradients);
    }

    static void requireF32(ModelDirectory model) {
        model.tensors().values().stream()
                .filter(spec -> spec.dtype() != DType.F32)
                .findFirst()
                .ifPresent(spec -> {
                    throw new NodeException(
                            Code.WRONG_MODEL,
                            "tensor %s of the base is %s; contributions are F32, so the base must be adopted as F32"
                                    .formatted(spec.name(), spec.dtype()));
                });
    }
}
