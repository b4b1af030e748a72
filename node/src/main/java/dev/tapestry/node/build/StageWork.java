package dev.tapestry.node.build;

import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.training.Lessons;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Tuner;
import dev.tapestry.training.TuningPlan;
import dev.tapestry.training.TuningRun;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.function.ToDoubleFunction;

/**
 * Lets a model learn for a stage, scores it on the way on what is held out, and keeps the best.
 * What was learnt before the last score is not learnt again when a stage was broken off.
 *
 * @param order what the stage is made of
 * @param start the model that it begins with, as it is written on the disk
 * @param plan how it learns
 * @param lessons from what
 * @param steps how long at most
 * @param patience scores in a row that may be no better; 0 for all
 * @param heldOut the loss of a model on what it does not learn from
 */
record StageWork(
        StageOrder order,
        Path start,
        TuningPlan plan,
        Lessons lessons,
        int steps,
        int patience,
        ToDoubleFunction<Llama> heldOut) {

    /** Does the stage, or what is left of it. */
    StageResult run(
            StageShelf stages, NodeProgress progress, StopSignal stop, InstantSource clock) {
        progress.on(
                new NodeUpdate.Began(
                        clock.instant(),
                        NodeUpdate.Phase.TRAINING,
                        0,
                        "%d steps, stage %s".formatted(steps, order.stage().title())));
        Path target = stages.begin(order);
        Steps told = new Steps(progress, clock);
        int scores = order.stage().settings().scores().orElseThrow();
        TuningRun run = new TuningRun(steps, Math.max(1, steps / scores), patience);
        try (ModelDirectory base = ModelDirectory.open(start)) {
            TuningRun.Outcome outcome =
                    run.run(
                            stages.learning(order),
                            tuners(base),
                            heldOut,
                            told::on,
                            stop::isToEnd,
                            finished -> {
                                stop.check();
                                finished.tuner().exportLike(base, target);
                                if (plan.lora().isPresent()) {
                                    finished.tuner().exportAdapter(stages.adapter(order));
                                }
                                told.tokens = finished.tuner().tokensSeen();
                                return finished.outcome();
                            });
            return stages.finish(order, told.tokens, outcome);
        }
    }

    private TuningRun.Tuners tuners(ModelDirectory base) {
        return new TuningRun.Tuners() {
            @Override
            public Tuner begin() {
                return Tuner.begin(base, plan, lessons);
            }

            @Override
            public Tuner resume(Path checkpoint) {
                return Tuner.resume(base, checkpoint, plan, lessons);
            }
        };
    }

    /** Tells of each step. */
    private final class Steps {
        private final NodeProgress progress;
        private final InstantSource clock;
        private final long begun = System.nanoTime();
        private long first = -1;
        private long tokens;

        Steps(NodeProgress progress, InstantSource clock) {
            this.progress = progress;
            this.clock = clock;
        }

        void on(Tuner.Report report) {
            tokens = report.step().tokensSeen();
            if (first < 0) {
                first = tokens;
            }
            double seconds = Math.max(1e-9, (System.nanoTime() - begun) / 1e9);
            progress.on(
                    new NodeUpdate.Stepped(
                            clock.instant(),
                            0,
                            Math.toIntExact(report.step().step()),
                            steps,
                            tokens,
                            report.step().loss(),
                            (tokens - first) / seconds));
        }
    }
}
