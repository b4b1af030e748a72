package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Trains one model on one member's tokens, step by step, and keeps what must outlive a round: the
 * optimiser's state and the place in the data.
 *
 * <pre>{@code
 * try (Trainer trainer = Trainer.begin(base, plan, tokens)) {
 *     for (int i = 0; i < localSteps; i++) {
 *         trainer.step();
 *     }
 *     trainer.exportLike(base, contribution);
 *     trainer.saveCheckpoint(file);
 * }
 * }</pre>
 *
 * <p>Belongs to one thread at a time. Must be closed: its memory is native. Memory does not grow
 * from step to step.
 */
public final class Trainer implements AutoCloseable {

    private final Llama model;
    private final TrainingPlan plan;
    private Lessons lessons;
    private final Optimizer optimizer;
    private final LlamaGradient gradient;
    private final ProcessGroup group;
    private final FlatParameters trained;
    private final @Nullable LoraWeights lora;
    private final @Nullable BaseWeights base;
    private final @Nullable Anchor anchor;
    private final NativeTensors owned = new NativeTensors();
    private boolean together;
    private Progress progress = Progress.START;
    private @Nullable ControlVariate variate;
    private final @Nullable PrimalAverage average;
    private @Nullable Tensor contributed;
    private SortedMap<String, Double> figures = Collections.emptySortedMap();

    private Trainer(
            Llama model,
            TuningPlan tuning,
            Lessons lessons,
            ProcessGroup group,
            @Nullable Anchor anchor) {
        this.model = model;
        this.plan = tuning.training();
        this.lessons = lessons;
        this.group = group;
        this.anchor = anchor;
        int _ = plan.sequencesPerProcess(group.size()); // refuses what cannot be shared
        if (!plan.device().holds(model.parameters().values())) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "plan: device %s, but the model lies on another: load it there"
                            .formatted(plan.device()));
        }
        if (plan.sequenceLength() > model.config().maxPositions()) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "plan: sequenceLength %d exceeds the model's max_position_embeddings %d"
                            .formatted(plan.sequenceLength(), model.config().maxPositions()));
        }
        lessons.check(plan, model.config());
        this.lora = tuning.lora().map(low -> new LoraWeights(low, model, plan.seed())).orElse(null);
        this.base =
                tuning.l2ToBase() > 0
                        ? new BaseWeights(model.parameters(), tuning.l2ToBase(), plan.optimizer())
                        : null;
        this.trained = lora == null ? model.parameters() : lora.parameters();
        this.optimizer = new Optimizer(plan.optimizer(), plan.precision(), trained);
        this.gradient = new LlamaGradient(model, plan.precision(), plan.activationCheckpointing());
        this.average =
                plan.averaging()
                        .map(around -> new PrimalAverage(around, model.parameters()))
                        .orElse(null);
    }

    /**
     * Begins to train the model in {@code base}.
     *
     * @throws TrainingException {@code DEVICE}, before anything is loaded, if the plan's device is
     *     not here; otherwise as {@link Llama#load}
     */
    public static Trainer begin(ModelDirectory base, TrainingPlan plan, Tokens data) {
        return begin(base, plan, data, ProcessGroup.alone());
    }

    /**
     * Begins to train it together with the other processes of {@code group}, which stays the
     * caller's. The plan's batch is that of all of them; each takes an equal share.
     *
     * @throws TrainingException {@code INVALID_PLAN} if the batch has no equal shares
     */
    public static Trainer begin(
            ModelDirectory base, TrainingPlan plan, Tokens data, ProcessGroup group) {
        return begin(Llama.load(base, plan.device()), plan, data, group);
    }

    /**
     * Begins to train {@code model}, which lies on the plan's device and from now on belongs to the
     * trainer.
     */
    public static Trainer begin(Llama model, TrainingPlan plan, Tokens data) {
        return begin(model, plan, data, ProcessGroup.alone());
    }

    /** The same together with other processes. */
    public static Trainer begin(Llama model, TrainingPlan plan, Tokens data, ProcessGroup group) {
        try {
            return begin(model, TuningPlan.full(plan), TextLessons.of(data), group, null);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** The same for what {@link Tuner} does; the model stays the caller's if this fails. */
    static Trainer begin(
            Llama model,
            TuningPlan plan,
            Lessons lessons,
            ProcessGroup group,
            @Nullable Anchor anchor) {
        return Libtorch.does(
                "beginning to train", () -> new Trainer(model, plan, lessons, group, anchor));
    }

    /**
     * Goes on from a checkpoint; with the same plan, data and number of threads bit for bit as if
     * it had never stopped.
     *
     * @throws TrainingException {@code WRONG_CHECKPOINT} if the file is not one, or of another
     *     optimiser
     */
    public static Trainer resume(Path checkpoint, TrainingPlan plan, Tokens data) {
        return resume(checkpoint, plan, data, ProcessGroup.alone());
    }

    /** The same together with other processes, which all go on from this checkpoint. */
    public static Trainer resume(
            Path checkpoint, TrainingPlan plan, Tokens data, ProcessGroup group) {
        try (TrainerCheckpoint saved = TrainerCheckpoint.open(checkpoint)) {
            Trainer trainer = begin(Llama.empty(saved.config(), plan.device()), plan, data, group);
            try {
                if (saved.keeps(ControlVariate.CORRECTION)) {
                    trainer.countGradients();
                    trainer.counting().goOnAfter(saved.countedSteps());
                }
                Libtorch.does(
                        "going on from " + checkpoint,
                        () -> {
                            saved.restore(trainer.model.parameters(), trainer.kept());
                            return trainer;
                        });
                trainer.progress = saved.progress();
                return trainer;
            } catch (RuntimeException e) {
                trainer.close();
                throw e;
            }
        }
    }

    /** Goes on from what was saved with these names; of LoRA the model holds W₀. */
    void restore(TrainerCheckpoint saved) {
        Libtorch.does(
                "going on from a checkpoint",
                () -> {
                    saved.restore(trained, kept());
                    if (lora != null) {
                        lora.apply();
                    }
                    return this;
                });
        progress = saved.progress();
    }

    /**
     * Learns from the next batch.
     *
     * @throws TrainingException {@code NON_FINITE} if loss or gradient are; the weights are then
     *     those before the step. {@code ENGINE} if libtorch fails. With other processes also {@code
     *     WORKER_LOST} and, in the first step, {@code WORKERS_DIFFER}
     */
    public StepReport step() {
        return Libtorch.does(
                "step %d".formatted(progress.steps() + 1),
                "; if memory ran out, take each batch in more passes (accumulation-steps) or"
                        + " compute layers again (activation-checkpointing)",
                this::learn);
    }

    private StepReport learn() {
        torch.set_num_threads(plan.threads());
        if (!together) {
            requireSameBeginning();
            together = true;
        }
        try (PointerScope _ = new PointerScope()) {
            Tensor gradients = model.parameters().gradients();
            gradients.zero_();
            Lessons.Learnt learnt = lossAndGradients();
            group.sum(gradients);
            try (GradientsOff _ = new GradientsOff()) {
                if (variate != null) {
                    variate.apply(gradients);
                }
                if (lora != null) {
                    lora.project();
                }
                double norm = clipped(trained.gradients());
                double factor = plan.schedule().at(progress.scheduleTokens());
                move(factor);
                progress = progress.after(plan, learnt.tokens());
                figures = learnt.figures();
                return new StepReport(
                        progress.steps(), progress.tokens(), learnt.loss(), norm, factor);
            }
        }
    }

    /** The loss where gradients are taken, of all processes; the weights are then as before. */
    private Lessons.Learnt lossAndGradients() {
        if (average == null) {
            return finiteLoss();
        }
        try (GradientsOff _ = new GradientsOff()) {
            average.lookAhead();
        }
        try {
            return finiteLoss();
        } finally {
            try (GradientsOff _ = new GradientsOff()) {
                average.lookBack();
            }
        }
    }

    private Lessons.Learnt finiteLoss() {
        Lessons.Learnt own =
                lessons.add(new Lessons.Step(model, gradient, plan, group, progress, anchor));
        double loss = group.mean(own.loss());
        refuseNonFinite("loss", loss);
        return new Lessons.Learnt(loss, own.tokens(), own.figures());
    }

    private void move(double factor) {
        long step = progress.steps() + 1;
        if (average == null) {
            optimizer.step(step, factor);
        } else {
            average.step(() -> optimizer.step(step, factor));
        }
        if (lora != null) {
            lora.apply();
        }
        if (base != null) {
            base.drawBack(factor);
        }
    }

    /** Shortens the gradient to the plan's norm; returns the norm before. */
    private double clipped(Tensor gradients) {
        double norm = gradients.norm().item_double();
        refuseNonFinite("gradient norm", norm);
        if (norm > plan.clipNorm()) {
            gradients.mul_(new Scalar(plan.clipNorm() / norm));
        }
        return norm;
    }

    /** Each process would train something else if they had not begun alike. */
    private void requireSameBeginning() {
        if (group.size() > 1) {
            String settings = plan + " " + progress + " " + lessons.size();
            group.requireSame(
                    Digest.of(settings.getBytes(StandardCharsets.UTF_8)),
                    "plan, threads, tokens or place in them: start all with the same job and options");
            requireSameWeights();
        }
    }

    private void requireSameWeights() {
        if (group.size() > 1) {
            group.requireSame(
                    model.parameters().digest(),
                    "the weights: begin from the same files, on machines of the same kind");
        }
    }

    private void refuseNonFinite(String what, double value) {
        if (!Double.isFinite(value)) {
            throw new TrainingException(
                    Code.NON_FINITE,
                    "the %s of step %d is %s: lower the learning rate, or look for damaged weights"
                            .formatted(what, progress.steps() + 1, value));
        }
    }

    /**
     * Takes over the weights of a newly published base; the optimiser's state and the place in the
     * data stay.
     */
    public void replaceWeights(ModelDirectory base) {
        replaceWeights(base, _ -> true);
    }

    /** The same for some tensors, by name; the others stay as they are. */
    public void replaceWeights(ModelDirectory base, Predicate<String> tensors) {
        change(() -> model.replaceWeights(base, tensors));
    }

    /** Where weights are averaged, what the optimiser has learnt ahead of the average stays. */
    private void change(Runnable weights) {
        if (average == null) {
            weights.run();
        } else {
            try (GradientsOff _ = new GradientsOff()) {
                average.move(weights);
            }
        }
    }

    /**
     * Puts what was learnt since {@code sent} on top of a newly published base: θ ← θ_base + (θ −
     * θ_sent). A member that went on training while its contribution travelled loses nothing.
     *
     * @param sent this trainer's weights as they were contributed
     * @param tensors by name; the others stay as they are
     */
    public void rebase(ModelDirectory sent, ModelDirectory base, Predicate<String> tensors) {
        change(() -> model.rebase(sent, base, tensors));
    }

    /**
     * Remembers the weights as they are contributed now, for {@link #rebaseContributed}: training
     * may go on while they travel.
     */
    public void holdContributed() {
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            if (contributed == null) {
                contributed = owned.keep(model.parameters().values().clone());
            } else {
                contributed.copy_(model.parameters().values());
            }
        }
    }

    /**
     * Puts what was learnt since {@link #holdContributed} on top of a newly published base, as
     * {@link #rebase} does.
     */
    public void rebaseContributed(ModelDirectory base) {
        if (contributed == null) {
            throw new IllegalStateException("no contribution is held");
        }
        Tensor sent = contributed;
        change(() -> {
            try (PointerScope _ = new PointerScope();
                    GradientsOff _ = new GradientsOff()) {
                model.parameters().values().sub_(sent);
            }
            model.addWeights(base);
        });
    }

    /**
     * Writes the optimiser's running averages as a directory of F32 tensors, to be merged with
     * other members' like weights.
     *
     * @param target does not exist yet, or is empty
     */
    public void exportMoments(Path target) {
        if (group.leads()) {
            Moments.write(optimizer, target);
        }
    }

    /**
     * Takes over running averages that members share; the place in the data and the number of steps
     * stay.
     *
     * @throws TrainingException {@code WRONG_TENSORS} if they are of another optimiser or model
     */
    public void replaceMoments(ModelDirectory shared) {
        Moments.read(shared, optimizer);
    }

    /** The same under what came in since {@code sent} was exported, as {@link #rebase} does. */
    public void rebaseMoments(ModelDirectory sent, ModelDirectory shared) {
        Moments.addDifference(shared, sent, optimizer);
    }

    /** From now on the gradients are counted, for {@link #exportGradients}. */
    public void countGradients() {
        if (variate == null) {
            variate = new ControlVariate(model.parameters());
        }
    }

    /**
     * Writes the mean gradient since the last call as a directory with the names, shapes and shards
     * of {@code base}, to be merged with other members'; without {@link #correctGradients}'s
     * correction.
     *
     * @param target does not exist yet, or is empty
     */
    public void exportGradients(ModelDirectory base, Path target) {
        counting().endMean();
        if (group.leads()) {
            counting().writeMean(base, target);
        }
    }

    /**
     * From now on every gradient is moved by {@code shared} − {@code own}: towards everybody's
     * (SCAFFOLD, arXiv 1910.06378).
     *
     * @param own this trainer's, as it was exported
     * @param shared everybody's
     * @throws TrainingException {@code WRONG_TENSORS} if they are of another model
     */
    public void correctGradients(ModelDirectory own, ModelDirectory shared) {
        counting().correct(own, shared);
    }

    /**
     * The same with the difference itself.
     *
     * @param correction F32; is added to every gradient
     * @throws TrainingException {@code WRONG_TENSORS} if it is of another model
     */
    public void correctGradients(ModelDirectory correction) {
        counting().correct(correction);
    }

    private ControlVariate counting() {
        if (variate == null) {
            throw new IllegalStateException("gradients are not counted");
        }
        return variate;
    }

    /** From now on no gradient is moved. */
    public void correctNoGradients() {
        if (variate != null) {
            variate.correctNothing();
        }
    }

    /** From now on the text is read here; as if a checkpoint were resumed with it. */
    public void readFrom(Tokens text) {
        TextLessons read = TextLessons.of(text);
        read.check(plan, model.config());
        lessons = read;
    }

    /** Moves the schedule to {@code tokens} tokens; for a node that joins later than the others. */
    public void continueScheduleAt(long tokens) {
        progress = progress.withScheduleTokens(tokens);
    }

    /**
     * Writes weights, optimiser state, the gradients' correction, what is counted of gradients, and
     * progress to one file; a crash leaves the old file or the new one. Of a group rank 0 writes.
     */
    public void saveCheckpoint(Path file) {
        if (group.leads()) {
            saveCheckpoint(file, Map.of());
        }
    }

    /** The same with notes of the caller's; of LoRA only A and B are written. */
    void saveCheckpoint(Path file, Map<String, String> notes) {
        TrainerCheckpoint.write(
                file,
                new TrainerCheckpoint.Weights(model.config(), trained),
                kept(),
                progress,
                variate == null ? 0 : variate.steps(),
                notes);
    }

    /** What else the last step told, by name. */
    SortedMap<String, Double> figures() {
        return figures;
    }

    /** A and B, where LoRA is learnt. */
    @Nullable LoraWeights lora() {
        return lora;
    }

    /** Optimiser steps since the beginning. */
    long steps() {
        return progress.steps();
    }

    /** What is kept beside the weights, by name; what is written into it counts. */
    private SequencedMap<String, Tensor> kept() {
        SequencedMap<String, Tensor> kept = optimizer.state();
        if (average != null) {
            kept.put(PrimalAverage.FAST, average.fast());
        }
        if (variate != null) {
            kept.put(ControlVariate.CORRECTION, variate.correction());
            if (variate.steps() > 0) {
                kept.put(ControlVariate.COUNTED, variate.counted());
            }
        }
        return kept;
    }

    /**
     * Writes the model as {@code base} is written: same dtypes, shards and files beside the
     * weights. All processes of a group call this; rank 0 writes.
     *
     * @throws TrainingException {@code WORKERS_DIFFER} if they do not all have the same weights
     */
    public void exportLike(ModelDirectory base, Path target) {
        requireSameWeights();
        if (group.leads()) {
            model.saveLike(base, target);
        }
    }

    /** The same with {@code config.json} and weights of {@code dtype}. */
    public void exportTo(Path target, DType dtype) {
        requireSameWeights();
        if (group.leads()) {
            model.saveTo(target, dtype);
        }
    }

    /** The model being trained; it belongs to this trainer. */
    public Llama model() {
        return model;
    }

    /** Tokens trained on since the beginning, over all rounds. */
    public long tokensSeen() {
        return progress.tokens();
    }

    /** Releases the model and the optimiser's state. */
    @Override
    public void close() {
        if (variate != null) {
            variate.close();
        }
        owned.close();
        if (average != null) {
            average.close();
        }
        gradient.close();
        optimizer.close();
        if (base != null) {
            base.close();
        }
        if (lora != null) {
            lora.close();
        }
        model.close();
    }
}
