package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models of every family through what a member does with them: train, tune, save, load. */
final class RelativesLearnTest {

    private static final Tokens TEXT = TestModels.text(6);

    @TempDir Path directory;

    static Stream<LlamaConfig> relatives() {
        return TestModels.variants()
                .map(config ->
                        TestModels.tiny()
                                .withTiedEmbeddings(config.tiedEmbeddings())
                                .withVariant(config.variant()));
    }

    @ParameterizedTest
    @MethodSource("relatives")
    void a_relative_learns_and_is_the_same_after_it_was_saved(LlamaConfig config) {
        TrainingPlan plan = TestModels.plan(OptimizerPlan.Muon.of(0.02, 0.01), Precision.FP32);
        Path saved = directory.resolve("saved");
        try (Trainer trainer = Trainer.begin(Llama.fresh(config, 1), plan, TEXT)) {
            double first = trainer.step().loss();
            for (int i = 0; i < 10; i++) {
                trainer.step();
            }
            TextLoss learnt = Evaluation.whole(32).of(trainer.model(), TEXT);
            assertThat(learnt.natsPerToken()).isLessThan(first - 0.5);
            trainer.model().saveTo(saved, DType.F32);
            try (ModelDirectory files = ModelDirectory.open(saved);
                    Llama again = Llama.load(files)) {
                assertThat(again.config()).isEqualTo(config);
                assertThat(Evaluation.whole(32).of(again, TEXT)).isEqualTo(learnt);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("relatives")
    void an_adapter_of_a_relative_changes_its_matrices_and_nothing_else(LlamaConfig config) {
        Path base = directory.resolve("base");
        Path target = directory.resolve("tuned");
        try (Llama model = Llama.fresh(config, 8)) {
            model.saveTo(base, DType.F32);
        }
        TuningPlan plan =
                TuningPlan.lora(
                        TestModels.plan(OptimizerPlan.AdamW.of(0.02, 0), Precision.FP32),
                        LoraPlan.of(4));
        try (ModelDirectory start = ModelDirectory.open(base);
                Tuner tuner = Tuner.begin(start, plan, TextLessons.of(TEXT))) {
            double first = tuner.step().step().loss();
            for (int i = 0; i < 6; i++) {
                tuner.step();
            }
            assertThat(tuner.step().step().loss()).isLessThan(first);
            tuner.exportLike(start, target);
            try (ModelDirectory tuned = ModelDirectory.open(target)) {
                assertThat(start.tensors().keySet())
                        .allSatisfy(name ->
                                assertThat(start.data(name).mismatch(tuned.data(name)) < 0)
                                        .as(name)
                                        .isEqualTo(!name.endsWith("_proj.weight")));
            }
        }
    }
}
