package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.consortium.PrimalAveraging;
import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TrainerTest {

    private static final OptimizerPlan MUON = OptimizerPlan.Muon.of(0.02, 0.01);
    private static final OptimizerPlan ADAMW = OptimizerPlan.AdamW.of(0.01, 0.01);

    @TempDir Path directory;

    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"FP32", "BF16"})
    void a_tiny_model_learns_a_short_text_by_heart(Precision precision) {
        Tokens text = TestModels.text(6);
        try (Trainer trainer =
                Trainer.begin(
                        Llama.fresh(TestModels.tiny(), 1),
                        TestModels.plan(MUON, precision),
                        text)) {
            double first = trainer.step().loss();
            run(trainer, 149);

            TextLoss loss = Evaluation.whole(32).of(trainer.model(), text);

            assertThat(first).isBetween(5.0, 6.0);
            assertThat(loss.natsPerToken()).isLessThan(0.6);
            assertThat(trainer.tokensSeen()).isEqualTo(150L * 4 * 32);
        }
    }

    @Test
    void adamw_alone_learns_it_too() {
        try (Trainer trainer =
                Trainer.begin(
                        Llama.fresh(TestModels.tiny(), 1),
                        TestModels.plan(ADAMW, Precision.FP32),
                        TestModels.text(6))) {
            List<Double> losses = run(trainer, 150);

            assertThat(losses.getLast()).isLessThan(2.6);
        }
    }

    @Test
    void a_killed_trainer_resumes_bit_for_bit() {
        for (TrainingPlan plan :
                List.of(
                        TestModels.plan(MUON, Precision.AUTO),
                        TestModels.plan(ADAMW, Precision.AUTO),
                        averaged(TestModels.plan(MUON, Precision.AUTO)),
                        averaged(TestModels.plan(ADAMW, Precision.AUTO)))) {
            Tokens text = TestModels.text(6);
            Path checkpoint = directory.resolve("state.safetensors");
            List<Double> uninterrupted;
            float[] last;
            try (Trainer trainer = Trainer.begin(Llama.fresh(TestModels.tiny(), 3), plan, text)) {
                run(trainer, 5);
                trainer.saveCheckpoint(checkpoint);
                uninterrupted = run(trainer, 5);
                last = weights(trainer.model());
            }
            try (Trainer trainer = Trainer.resume(checkpoint, plan, text)) {
                assertThat(run(trainer, 5)).isEqualTo(uninterrupted);
                assertThat(weights(trainer.model())).isEqualTo(last);
            }
        }
    }

    @Test
    void an_average_of_the_weights_learns_a_short_text_too() {
        Tokens text = TestModels.text(6);
        try (Trainer trainer =
                Trainer.begin(
                        Llama.fresh(TestModels.tiny(), 1),
                        averaged(TestModels.plan(MUON, Precision.FP32)),
                        text)) {
            run(trainer, 150);
            TextLoss loss = Evaluation.whole(32).of(trainer.model(), text);
            assertThat(loss.natsPerToken()).isLessThan(1.5);
        }
    }

    @Test
    void an_average_that_keeps_nothing_is_the_last_weights_to_the_bit() {
        TrainingPlan plan = TestModels.plan(MUON, Precision.FP32);
        TrainingPlan none = plan.withAveraging(Optional.of(new PrimalAveraging(0, 0)));
        try (Trainer plain =
                        Trainer.begin(Llama.fresh(TestModels.tiny(), 3), plan, TestModels.text(6));
                Trainer averaging =
                        Trainer.begin(
                                Llama.fresh(TestModels.tiny(), 3), none, TestModels.text(6))) {
            assertThat(run(averaging, 5)).isEqualTo(run(plain, 5));
            assertThat(weights(averaging.model())).isEqualTo(weights(plain.model()));
        }
    }

    @Test
    void a_new_base_moves_the_average_and_what_runs_ahead_of_it_alike() {
        TrainingPlan plan = averaged(TestModels.plan(MUON, Precision.FP32));
        Path base = directory.resolve("base");
        try (Llama model = Llama.fresh(TestModels.tiny(), 8)) {
            model.saveTo(base, DType.F32);
        }
        try (Trainer trainer =
                        Trainer.begin(Llama.fresh(TestModels.tiny(), 3), plan, TestModels.text(6));
                ModelDirectory published = ModelDirectory.open(base);
                Llama expected = Llama.load(published)) {
            run(trainer, 3);
            float[] before = lead(trainer);
            trainer.replaceWeights(published);
            assertThat(weights(trainer.model())).isEqualTo(weights(expected));
            assertThat(distance(lead(trainer), before)).isLessThan(1e-5);

            Path sent = directory.resolve("sent");
            trainer.exportTo(sent, DType.F32);
            run(trainer, 2);
            float[] further = lead(trainer);
            assertThat(distance(further, before)).isGreaterThan(1e-2);
            try (ModelDirectory contributed = ModelDirectory.open(sent)) {
                trainer.rebase(contributed, published, _ -> true);
            }
            assertThat(distance(lead(trainer), further)).isLessThan(1e-5);
        }
    }

    /** z − x. */
    private float[] lead(Trainer trainer) {
        Path checkpoint = directory.resolve("lead.safetensors");
        trainer.saveCheckpoint(checkpoint);
        float[] lead = weights(trainer.model());
        try (SafetensorsFile file = SafetensorsFile.open(checkpoint)) {
            MemorySegment fast = file.data("optimizer.averaging.fast");
            for (int i = 0; i < lead.length; i++) {
                lead[i] = fast.get(FloatConversion.FLOAT_LE, 4L * i) - lead[i];
            }
        }
        return lead;
    }

    @Test
    void a_step_that_fails_leaves_the_average_as_it_was() {
        int[] ids = new int[100];
        ids[77] = 256;
        try (Trainer trainer =
                Trainer.begin(
                        Llama.fresh(TestModels.tiny(), 3),
                        averaged(TestModels.plan(MUON, Precision.FP32)),
                        Tokens.of(ids))) {
            float[] before = weights(trainer.model());
            refused(Code.TOKEN_OUT_OF_RANGE, trainer::step);
            assertThat(weights(trainer.model())).isEqualTo(before);
        }
    }

    private static TrainingPlan averaged(TrainingPlan plan) {
        return plan.withAveraging(Optional.of(PrimalAveraging.over(4)));
    }

    @Test
    void a_new_base_replaces_the_weights_and_leaves_the_place_in_the_data() {
        TrainingPlan plan = TestModels.plan(MUON, Precision.FP32);
        Path base = directory.resolve("base");
        try (Llama model = Llama.fresh(TestModels.tiny(), 8)) {
            model.saveTo(base, DType.F32);
        }
        try (Trainer trainer =
                        Trainer.begin(Llama.fresh(TestModels.tiny(), 3), plan, TestModels.text(6));
                ModelDirectory published = ModelDirectory.open(base);
                Llama expected = Llama.load(published)) {
            run(trainer, 3);
            trainer.replaceWeights(published);

            assertThat(weights(trainer.model())).isEqualTo(weights(expected));
            assertThat(trainer.step().step()).isEqualTo(4);
        }
    }

    @Test
    void models_that_are_begun_at_the_same_time_are_those_of_their_seeds() {
        float[] alone = fresh();
        List<float[]> together = IntStream.range(0, 32).parallel().mapToObj(_ -> fresh()).toList();
        assertThat(together).allSatisfy(weights -> assertThat(weights).isEqualTo(alone));
    }

    private static float[] fresh() {
        try (Llama model = Llama.fresh(TestModels.tiny(), 3)) {
            return weights(model);
        }
    }

    @Test
    void another_text_is_read_as_if_a_checkpoint_were_resumed_with_it() {
        TrainingPlan plan = TestModels.plan(MUON, Precision.FP32);
        Path checkpoint = directory.resolve("state.safetensors");
        Tokens longer = TestModels.text(9);
        try (Trainer trainer =
                Trainer.begin(Llama.fresh(TestModels.tiny(), 3), plan, TestModels.text(6))) {
            run(trainer, 2);
            trainer.saveCheckpoint(checkpoint);
            trainer.readFrom(longer);
            List<Double> losses = run(trainer, 3);
            try (Trainer resumed = Trainer.resume(checkpoint, plan, longer)) {
                assertThat(run(resumed, 3)).isEqualTo(losses);
            }
        }
    }

    @Test
    void a_held_contribution_is_taken_off_when_the_new_base_is_put_below() {
        TrainingPlan plan = TestModels.plan(MUON, Precision.FP32);
        Path base = directory.resolve("base");
        try (Llama model = Llama.fresh(TestModels.tiny(), 8)) {
            model.saveTo(base, DType.F32);
        }
        try (Trainer trainer =
                        Trainer.begin(Llama.fresh(TestModels.tiny(), 3), plan, TestModels.text(6));
                ModelDirectory published = ModelDirectory.open(base);
                Llama fresh = Llama.load(published)) {
            assertThatThrownBy(() -> trainer.rebaseContributed(published))
                    .isInstanceOf(IllegalStateException.class);
            for (int round = 1; round <= 2; round++) {
                run(trainer, 1);
                trainer.holdContributed();
                float[] sent = weights(trainer.model());
                run(trainer, 2);
                float[] after = weights(trainer.model());
                trainer.rebaseContributed(published);
                float[] now = weights(trainer.model());
                float[] below = weights(fresh);
                for (int i = 0; i < now.length; i++) {
                    assertThat(now[i]).isCloseTo(below[i] + (after[i] - sent[i]), within(1e-5f));
                }
            }
        }
    }

    @Test
    void what_was_learnt_while_a_contribution_travelled_comes_on_top_of_the_new_base() {
        TrainingPlan plan = TestModels.plan(MUON, Precision.FP32);
        Path base = directory.resolve("base");
        Path contributed = directory.resolve("contributed");
        try (Llama model = Llama.fresh(TestModels.tiny(), 8)) {
            model.saveTo(base, DType.F32);
        }
        try (Trainer trainer =
                        Trainer.begin(Llama.fresh(TestModels.tiny(), 3), plan, TestModels.text(6));
                ModelDirectory published = ModelDirectory.open(base);
                Llama fresh = Llama.load(published)) {
            run(trainer, 2);
            trainer.exportTo(contributed, DType.F32);
            float[] before = weights(trainer.model());
            run(trainer, 2);
            float[] after = weights(trainer.model());
            String moved = "model.embed_tokens.weight";
            try (ModelDirectory sent = ModelDirectory.open(contributed)) {
                trainer.rebase(sent, published, moved::equals);
            }

            float[] rebased = weights(trainer.model());
            float[] target = weights(fresh);
            ParameterLayout.Slot slot = trainer.model().parameters().layout().slot(moved);
            for (int i = 0; i < rebased.length; i++) {
                boolean inside = i >= slot.offset() && i < slot.offset() + slot.elements();
                float expected = inside ? after[i] + (target[i] - before[i]) : after[i];
                assertThat(rebased[i]).isEqualTo(expected);
            }
            assertThat(rebased).isNotEqualTo(after);
        }
    }

    /** The texts are one sequence long, so that every batch of a member is the same. */
    @Test
    void a_member_whose_gradient_is_corrected_to_another_s_takes_the_other_s_step() {
        TrainingPlan plan = TestModels.plan(MUON, Precision.FP32);
        Path base = directory.resolve("base");
        try (Llama model = Llama.fresh(TestModels.tiny(), 8)) {
            model.saveTo(base, DType.F32);
        }
        Tokens here = Tokens.of(TestModels.randomIds(33, 256, 1));
        Tokens there = Tokens.of(TestModels.randomIds(33, 256, 2));
        float[] other = weightsAfterStep(base, plan, there, directory.resolve("g-there"));
        float[] own = weightsAfterStep(base, plan, here, directory.resolve("g-here"));
        try (ModelDirectory start = ModelDirectory.open(base);
                ModelDirectory mine = ModelDirectory.open(directory.resolve("g-here"));
                ModelDirectory shared = ModelDirectory.open(directory.resolve("g-there"));
                Trainer corrected = Trainer.begin(start, plan, here)) {
            corrected.countGradients();
            corrected.correctGradients(mine, shared);
            corrected.step();

            float[] weights = weights(corrected.model());
            assertThat(distance(weights, other)).isLessThan(1e-2 * distance(own, other));
            corrected.exportGradients(start, directory.resolve("g-again"));
            try (ModelDirectory again = ModelDirectory.open(directory.resolve("g-again"))) {
                String name = "model.embed_tokens.weight";
                assertThat(again.data(name).mismatch(mine.data(name)))
                        .as("what is shared is the gradient before its correction")
                        .isEqualTo(-1);
            }
        }
    }

    private static float[] weightsAfterStep(
            Path base, TrainingPlan plan, Tokens text, Path gradients) {
        try (ModelDirectory start = ModelDirectory.open(base);
                Trainer trainer = Trainer.begin(start, plan, text)) {
            trainer.countGradients();
            trainer.step();
            trainer.exportGradients(start, gradients);
            return weights(trainer.model());
        }
    }

    private static double distance(float[] a, float[] b) {
        double squares = 0;
        for (int i = 0; i < a.length; i++) {
            squares += Math.pow((double) a[i] - b[i], 2);
        }
        return Math.sqrt(squares);
    }

    @Test
    void a_checkpoint_of_another_optimiser_or_of_nothing_is_refused() throws IOException {
        Path checkpoint = directory.resolve("state.safetensors");
        Tokens text = TestModels.text(6);
        try (Trainer trainer =
                Trainer.begin(
                        Llama.fresh(TestModels.tiny(), 3),
                        TestModels.plan(MUON, Precision.FP32),
                        text)) {
            trainer.saveCheckpoint(checkpoint);
        }
        refused(
                Code.WRONG_CHECKPOINT,
                () -> Trainer.resume(checkpoint, TestModels.plan(ADAMW, Precision.FP32), text));
        TrainingPlan averaged = averaged(TestModels.plan(MUON, Precision.FP32));
        refused(Code.WRONG_CHECKPOINT, () -> Trainer.resume(checkpoint, averaged, text));
        try (Trainer trainer = Trainer.begin(Llama.fresh(TestModels.tiny(), 3), averaged, text)) {
            trainer.saveCheckpoint(checkpoint);
        }
        refused(
                Code.WRONG_CHECKPOINT,
                () -> Trainer.resume(checkpoint, TestModels.plan(MUON, Precision.FP32), text));
        Files.writeString(checkpoint, "not tensors");
        refused(
                Code.WRONG_CHECKPOINT,
                () -> Trainer.resume(checkpoint, TestModels.plan(MUON, Precision.FP32), text));
    }

    @Test
    void a_batch_in_several_passes_with_activations_computed_again_takes_the_same_steps() {
        TrainingPlan whole = TestModels.plan(ADAMW, Precision.FP32);
        TrainingPlan cut = whole.withMemory(4, true);
        try (Trainer one =
                        Trainer.begin(
                                Llama.fresh(TestModels.tiny(), 3), whole, TestModels.text(6));
                Trainer four =
                        Trainer.begin(Llama.fresh(TestModels.tiny(), 3), cut, TestModels.text(6))) {
            for (int i = 0; i < 6; i++) {
                StepReport expected = one.step();
                StepReport actual = four.step();
                assertThat(actual.loss()).isCloseTo(expected.loss(), within(1e-3));
                assertThat(actual.gradientNorm())
                        .isCloseTo(expected.gradientNorm(), within(1e-2 * expected.gradientNorm()));
            }
            assertThat(four.tokensSeen()).isEqualTo(one.tokensSeen());
        }
        refused(Code.INVALID_PLAN, () -> whole.withMemory(3, false)); // of four sequences
    }

    @Test
    void a_token_beyond_the_vocabulary_is_refused_with_its_place() {
        int[] ids = new int[100];
        ids[77] = 256;
        try (Trainer trainer =
                Trainer.begin(
                        Llama.fresh(TestModels.tiny(), 3),
                        TestModels.plan(MUON, Precision.FP32),
                        Tokens.of(ids))) {
            assertThatThrownBy(() -> run(trainer, 10))
                    .isInstanceOfSatisfying(
                            TrainingException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.TOKEN_OUT_OF_RANGE))
                    .hasMessageContaining("token 256 at position 77");
        }
    }

    @Test
    void training_stops_when_the_loss_is_no_number() {
        OptimizerPlan wild = OptimizerPlan.AdamW.of(900, 0);
        try (Trainer trainer =
                Trainer.begin(
                        Llama.fresh(TestModels.tiny(), 3),
                        TestModels.plan(wild, Precision.FP32),
                        TestModels.text(2))) {
            trainer.model().parameters().values().fill_(new org.bytedeco.pytorch.Scalar(Float.NaN));
            refused(Code.NON_FINITE, trainer::step);
        }
    }

    @Test
    void a_corpus_shorter_than_a_sequence_is_refused() {
        refused(
                Code.TOO_FEW_TOKENS,
                () ->
                        Trainer.begin(
                                Llama.fresh(TestModels.tiny(), 3),
                                TestModels.plan(MUON, Precision.FP32),
                                Tokens.of(new int[32])));
    }

    private static List<Double> run(Trainer trainer, int steps) {
        List<Double> losses = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            losses.add(trainer.step().loss());
        }
        return losses;
    }

    private static float[] weights(Llama model) {
        return NativeTensors.memory(model.parameters().values())
                .toArray(java.lang.foreign.ValueLayout.JAVA_FLOAT);
    }

    private static void refused(
            Code code, org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
        assertThatThrownBy(action)
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
