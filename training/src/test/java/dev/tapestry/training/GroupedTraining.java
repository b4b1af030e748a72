package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Scalar;

/**
 * One member of a group: trains the tiny model and says each loss, and at last how it ended.
 *
 * <p>It goes on from {@code checkpoint.safetensors} in the directory if that is there, writes it
 * after the second step, and the model to {@code model} at the end.
 */
record GroupedTraining(GroupPlan place, int steps, Path directory, Trouble trouble) {

    static final TrainingPlan PLAN =
            TestModels.plan(OptimizerPlan.Muon.of(0.02, 0.01), Precision.FP32);
    static final String CHECKPOINT = "checkpoint.safetensors";

    /** What goes wrong, after the second step. */
    enum Trouble {
        NONE,
        /** From the beginning: another order of the data. */
        OTHER_SEED,
        NAN_WEIGHTS,
        DRIFT,
        LEAVE,
        HANG
    }

    static GroupPlan place(int rank, int size, String rendezvous, Duration timeout) {
        return new GroupPlan(
                rank, size, Rendezvous.of(rendezvous), Optional.of("127.0.0.1"), timeout);
    }

    /** One thread at a time: the seed is the whole process'. */
    static synchronized Llama model() {
        return Llama.fresh(TestModels.tiny(), 3);
    }

    static Tokens text() {
        return TestModels.text(6);
    }

    /** As a process of its own: {@code RANK SIZE RENDEZVOUS STEPS DIRECTORY}. */
    public static void main(String[] words) {
        GroupPlan place =
                place(
                        Integer.parseInt(words[0]),
                        Integer.parseInt(words[1]),
                        words[2],
                        Duration.ofMinutes(1));
        new GroupedTraining(place, Integer.parseInt(words[3]), Path.of(words[4]), Trouble.NONE)
                .run(System.out::println);
        System.exit(0);
    }

    void run(Consumer<String> say) {
        try (ProcessGroup group = ProcessGroup.join(place)) {
            train(group, say);
            say.accept("done");
        } catch (TrainingException e) {
            say.accept(e.code() + " " + e.getMessage());
        } catch (InterruptedException e) {
            say.accept("hung");
        }
    }

    private void train(ProcessGroup group, Consumer<String> say) throws InterruptedException {
        try (Trainer trainer = trainer(group)) {
            for (int i = 0; i < steps; i++) {
                StepReport report = trainer.step();
                say.accept("loss " + report.loss());
                if (report.step() == 2) {
                    trainer.saveCheckpoint(directory.resolve(CHECKPOINT));
                    suffer(trainer, group);
                }
            }
            trainer.exportTo(directory.resolve("model"), DType.F32);
        }
    }

    private Trainer trainer(ProcessGroup group) {
        TrainingPlan own = trouble == Trouble.OTHER_SEED ? PLAN.withSeed(8) : PLAN;
        Path checkpoint = directory.resolve(CHECKPOINT);
        return Files.exists(checkpoint)
                ? Trainer.resume(checkpoint, own, text(), group)
                : Trainer.begin(model(), own, text(), group);
    }

    private void suffer(Trainer trainer, ProcessGroup group) throws InterruptedException {
        switch (trouble) {
            case NONE, OTHER_SEED -> {}
            case NAN_WEIGHTS -> trainer.model().parameters().values().fill_(new Scalar(Float.NaN));
            case DRIFT -> {
                MemorySegment weights = NativeTensors.memory(trainer.model().parameters().values());
                weights.set(
                        ValueLayout.JAVA_FLOAT, 0, weights.get(ValueLayout.JAVA_FLOAT, 0) + 1e-3f);
            }
            case LEAVE -> {
                group.leave("it was told to");
                throw new TrainingException(Code.IO, "told to leave");
            }
            case HANG -> Thread.sleep(Duration.ofHours(1));
        }
    }
}
