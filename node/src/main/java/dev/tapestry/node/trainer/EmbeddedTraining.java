package dev.tapestry.node.trainer;

import dev.tapestry.consortium.RoundNumber;
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
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.CodedUpdate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Trains a round's steps with the engine in this process. The optimiser's state and the place in
 * the corpus go on from the round before; the weights are the base's.
 *
 * <p>The state after round N is kept in {@code after-round-N.safetensors}. A round begins from the
 * latest state before it, so that a round that is trained again, because the node was killed, gives
 * the same weights bit by bit.
 */
public final class EmbeddedTraining {

    private static final System.Logger LOG = System.getLogger(EmbeddedTraining.class.getName());
    private static final String PREFIX = "after-round-";
    private static final String SUFFIX = ".safetensors";
    private static final int KEPT_STATES = 2;

    private final Path states;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;
    private final ProcessGroup group;

    /** Keeps the optimiser's states in {@code states}, which need not exist. */
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
        this.states = states;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
        this.group = group;
    }

    /**
     * Trains from {@code base} and writes the weights to {@code target}.
     *
     * @param scheduleTokens where the learning rate's schedule is at the round's beginning
     * @param gradients what is asked beside weights, if anything
     * @throws NodeException {@code STOPPED}, {@code WRONG_MODEL}
     */
    public TrainingRun.Result train(
            RoundNumber round,
            TrainingPlan plan,
            int steps,
            long scheduleTokens,
            Path base,
            Tokens tokens,
            Path target,
            Optional<GradientTask> gradients) {
        try (ModelDirectory model = ModelDirectory.open(base)) {
            requireF32(model);
            try (Trainer trainer = begin(round, model, plan, tokens)) {
                trainer.continueScheduleAt(scheduleTokens);
                gradients.ifPresent(task -> count(trainer, model, task));
                TrainingRun run = new TrainingRun(progress, stop, clock);
                TrainingRun.Result result = run.steps(trainer, plan, tokens, steps, round.value());
                trainer.exportLike(model, target);
                gradients.ifPresent(task -> trainer.exportGradients(model, task.target()));
                trainer.saveCheckpoint(state(round.value()));
                if (group.leads()) {
                    dropOldStates(round);
                }
                return result;
            }
        }
    }

    private void count(Trainer trainer, ModelDirectory base, GradientTask task) {
        trainer.countGradients();
        task.correction()
                .ifPresent(correction -> {
                    Path own = states.resolve("own-gradient");
                    Path shared = states.resolve("shared-gradient");
                    try {
                        decode(correction.own(), base, own);
                        decode(correction.shared(), base, shared);
                        try (ModelDirectory mine = ModelDirectory.open(own);
                                ModelDirectory everybody = ModelDirectory.open(shared)) {
                            trainer.correctGradients(mine, everybody);
                        }
                        Drafts.delete(own);
                        Drafts.delete(shared);
                    } catch (IOException e) {
                        throw new NodeException(
                                Code.STORAGE, "cannot decode gradients in " + states + ": " + e, e);
                    }
                });
    }

    private static void decode(Path coded, ModelDirectory base, Path target) throws IOException {
        Drafts.delete(target);
        CodedUpdate.decode(coded, base, target, 1);
    }

    private Trainer begin(
            RoundNumber round, ModelDirectory base, TrainingPlan plan, Tokens tokens) {
        List<Integer> earlier = kept().stream().filter(n -> n < round.value()).toList();
        if (!earlier.isEmpty()) {
            try {
                Trainer trainer = Trainer.resume(state(earlier.getLast()), plan, tokens, group);
                try {
                    trainer.replaceWeights(base);
                    return trainer;
                } catch (RuntimeException e) {
                    trainer.close();
                    throw e;
                }
            } catch (TrainingException e) {
                // Another optimiser or another shape of model: its state is of no use here.
                LOG.log(
                        System.Logger.Level.WARNING,
                        "round {0} begins with a fresh optimiser: {1}",
                        round,
                        e.getMessage());
            }
        }
        return Trainer.begin(base, plan, tokens, group);
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

    private Path state(int round) {
        return states.resolve(PREFIX + round + SUFFIX);
    }

    /** The rounds after which a state was kept, in order. */
    private List<Integer> kept() {
        try {
            Files.createDirectories(states);
            try (Stream<Path> files = Files.list(states)) {
                return files.map(file -> file.getFileName().toString())
                        .filter(name -> name.matches(PREFIX + "[0-9]{1,9}" + "\\.safetensors"))
                        .map(name ->
                                name.substring(PREFIX.length(), name.length() - SUFFIX.length()))
                        .map(Integer::valueOf)
                        .sorted(Comparator.naturalOrder())
                        .toList();
            }
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + states + ": " + e, e);
        }
    }

    private void dropOldStates(RoundNumber round) {
        List<Integer> all = kept();
        try {
            for (int old : all.subList(0, Math.max(0, all.size() - KEPT_STATES))) {
                if (old < round.value()) {
                    Files.delete(state(old));
                }
            }
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot clear " + states + ": " + e, e);
        }
    }
}
