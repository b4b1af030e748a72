package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes a model a member's own, step by step: private continued pre-training ({@link TextLessons}),
 * instruction tuning ({@link ConversationLessons}), alignment ({@link PreferenceLessons}, {@link
 * RewardLessons}); all weights or a change of low rank.
 *
 * <pre>{@code
 * try (ModelDirectory base = ModelDirectory.open(path);
 *         Tuner tuner = Tuner.begin(base, TuningPlan.full(plan), ConversationLessons.of(chats))) {
 *     for (int i = 0; i < steps; i++) {
 *         tuner.step();
 *     }
 *     tuner.exportLike(base, target);
 * }
 * }</pre>
 *
 * <p>Belongs to one thread at a time. Must be closed: its memory is native. Of each weight it holds
 * 16 bytes with AdamW (weight, gradient, two moments), 12 with LoRA on that matrix (weight,
 * gradient, the base's weight) beside 16 for each number of A and B, 4 more with {@code l2ToBase}
 * and 4 more with {@code klToBase}.
 */
public final class Tuner implements AutoCloseable {

    private final Trainer trainer;
    private final Lessons lessons;
    private final String baseDigest;
    private final String baseName;
    private final @Nullable Llama teacher;
    private @Nullable Map<String, String> notes;

    private Tuner(
            Trainer trainer,
            Lessons lessons,
            String baseDigest,
            String baseName,
            @Nullable Llama teacher) {
        this.trainer = trainer;
        this.lessons = lessons;
        this.baseDigest = baseDigest;
        this.baseName = baseName;
        this.teacher = teacher;
    }

    /**
     * What one step did.
     *
     * @param step as of any training; the loss is the lessons' own
     * @param figures what else the lessons tell, by name: {@code kl}, {@code margin}, {@code
     *     accuracy}, {@code reward} …
     */
    public record Report(StepReport step, SortedMap<String, Double> figures) {}

    /**
     * Begins from {@code base}.
     *
     * @throws TrainingException {@code INVALID_PLAN}, {@code DEVICE}, or as {@link Llama#load}
     */
    public static Tuner begin(ModelDirectory base, TuningPlan plan, Lessons lessons) {
        return begin(Llama.load(base, plan.training().device()), base, plan, lessons);
    }

    private static Tuner begin(Llama model, ModelDirectory base, TuningPlan plan, Lessons lessons) {
        Llama teacher = null;
        try {
            String digest = model.parameters().digest().toString();
            Anchor anchor = null;
            if (plan.klToBase() > 0) {
                teacher = Llama.load(base, plan.training().device());
                anchor = new Anchor(teacher, plan.klToBase());
            }
            Trainer trainer = Trainer.begin(model, plan, lessons, ProcessGroup.alone(), anchor);
            return new Tuner(
                    trainer, lessons, digest, base.path().getFileName().toString(), teacher);
        } catch (RuntimeException e) {
            if (teacher != null) {
                teacher.close();
            }
            model.close();
            throw e;
        }
    }

    /**
     * Goes on from a checkpoint; with the same base, plan, lessons and number of threads bit for
     * bit as if it had never stopped.
     *
     * @throws TrainingException {@code WRONG_CHECKPOINT} if the file is not one, or of another
     *     base, other lessons, another optimiser or rank
     */
    public static Tuner resume(
            ModelDirectory base, Path checkpoint, TuningPlan plan, Lessons lessons) {
        Tuner tuner = begin(base, plan, lessons);
        try (TrainerCheckpoint saved = TrainerCheckpoint.open(checkpoint)) {
            saved.requireNotes(tuner.notes());
            tuner.trainer.restore(saved);
            return tuner;
        } catch (RuntimeException e) {
            tuner.close();
            throw e;
        }
    }

    /** The lessons' digest is taken once: of long texts it takes a while. */
    private Map<String, String> notes() {
        Map<String, String> known = notes;
        if (known == null) {
            known = Map.of("base", baseDigest, "lessons", lessons.digest().toString());
            notes = known;
        }
        return known;
    }

    /**
     * Learns from the next sequences.
     *
     * @throws TrainingException as {@link Trainer#step}
     */
    public Report step() {
        StepReport report = trainer.step();
        return new Report(report, trainer.figures());
    }

    /** Tokens that were learnt from since the beginning. */
    public long tokensSeen() {
        return trainer.tokensSeen();
    }

    /** Steps since the beginning. */
    public long steps() {
        return trainer.steps();
    }

    /**
     * Writes what {@link #resume} needs to one file; a crash leaves the old file or the new one.
     */
    public void saveCheckpoint(Path file) {
        trainer.saveCheckpoint(file, notes());
    }

    /**
     * Writes the model as {@code base} is written: same dtypes, shards and files beside the
     * weights. What LoRA learnt is merged into them.
     *
     * @param target does not exist yet, or is empty
     */
    public void exportLike(ModelDirectory base, Path target) {
        trainer.exportLike(base, target);
    }

    /**
     * Writes what LoRA learnt, in PEFT's form.
     *
     * @param target a directory; made if it is not there
     * @throws TrainingException {@code INVALID_PLAN} if all weights were trained
     */
    public void exportAdapter(Path target) {
        LoraWeights lora = trainer.lora();
        if (lora == null) {
            throw new TrainingException(
                    Code.INVALID_PLAN, "all weights were trained: there is no adapter to write");
        }
        LoraAdapter.write(lora, baseName, target);
    }

    /** How many numbers the optimiser moves. */
    public long trainedNumbers() {
        LoraWeights lora = trainer.lora();
        return lora == null
                ? trainer.model().config().parameters()
                : lora.parameters().layout().elements();
    }

    /** The model as it is now; it belongs to this tuner. */
    public Llama model() {
        return trainer.model();
    }

    /** Releases everything. */
    @Override
    public void close() {
        trainer.close();
        if (teacher != null) {
            teacher.close();
        }
    }
}
