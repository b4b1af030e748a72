package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TuningRunTest {

    private static final Tokens OWN = TestModels.text(2);

    /** Random: what it says is forgotten as the text is learnt by heart. */
    private static final Tokens HELD_OUT = Tokens.of(TestModels.randomIds(120, 256, 4));

    @TempDir Path directory;

    @Test
    void a_run_ends_when_the_held_out_loss_no_longer_falls_and_gives_the_best() {
        TuningRun run = new TuningRun(60, 2, 3);
        TuningRun.Outcome outcome =
                run(
                        run,
                        directory.resolve("run"),
                        () -> false,
                        finished -> {
                            assertThat(heldOut(finished.tuner().model()))
                                    .isEqualTo(finished.outcome().best().loss());
                            return finished.outcome();
                        });
        assertThat(outcome.ended()).isEqualTo(TuningRun.End.NO_LONGER_BETTER);
        assertThat(outcome.scores().getLast().step()).isLessThan(60);
        assertThat(outcome.scores().getLast().step() - outcome.best().step()).isEqualTo(6);
        assertThat(outcome.scores().getFirst().step()).isZero();
    }

    @Test
    void a_run_that_is_stopped_or_killed_ends_as_if_it_had_not_been() {
        TuningRun run = new TuningRun(10, 3, 0);
        List<Object> whole = run(run, directory.resolve("whole"), () -> false, TuningRunTest::all);
        Path cut = directory.resolve("cut");
        List<Integer> asked = new ArrayList<>();
        TuningRun.End first =
                run(
                        run,
                        cut,
                        () -> {
                            asked.add(1);
                            return asked.size() == 4;
                        },
                        finished -> finished.outcome().ended());
        assertThat(first).isEqualTo(TuningRun.End.STOPPED);
        assertThatThrownBy(() ->
                        run(
                                run,
                                cut,
                                () -> {
                                    throw new IllegalStateException("killed");
                                },
                                TuningRunTest::all))
                .hasMessage("killed");
        assertThat(run(run, cut, () -> false, TuningRunTest::all)).isEqualTo(whole);
        assertThat(run(run, cut, () -> false, TuningRunTest::all))
                .as("a run that is over gives its result again")
                .isEqualTo(whole);
    }

    private static List<Object> all(TuningRun.Finished finished) {
        return List.of(
                finished.outcome(),
                java.util.Arrays.hashCode(
                        NativeTensors.memory(finished.tuner().model().parameters().values())
                                .toArray(ValueLayout.JAVA_FLOAT)));
    }

    private <T> T run(
            TuningRun run,
            Path place,
            java.util.function.BooleanSupplier stop,
            java.util.function.Function<TuningRun.Finished, T> result) {
        Path path = directory.resolve("base");
        if (!java.nio.file.Files.exists(path)) {
            try (Llama model = Llama.fresh(TestModels.tiny(), 8)) {
                model.saveTo(path, DType.F32);
            }
        }
        TuningPlan plan =
                TuningPlan.full(TestModels.plan(OptimizerPlan.AdamW.of(0.01, 0), Precision.FP32));
        try (ModelDirectory base = ModelDirectory.open(path)) {
            return run.run(
                    place,
                    new TuningRun.Tuners() {
                        @Override
                        public Tuner begin() {
                            return Tuner.begin(base, plan, TextLessons.of(OWN));
                        }

                        @Override
                        public Tuner resume(Path checkpoint) {
                            return Tuner.resume(base, checkpoint, plan, TextLessons.of(OWN));
                        }
                    },
                    TuningRunTest::heldOut,
                    _ -> {},
                    stop,
                    result);
        }
    }

    private static double heldOut(Llama model) {
        return Evaluation.whole(32).of(model, HELD_OUT).natsPerToken();
    }
}
