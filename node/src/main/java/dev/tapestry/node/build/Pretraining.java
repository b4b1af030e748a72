package dev.tapestry.node.build;

import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingException;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/** Stage A: private continued pre-training. */
record Pretraining(
        StageShelf stages,
        Compute compute,
        Duration checkpointEvery,
        NodeProgress progress,
        StopSignal stop,
        InstantSource clock) {

    private static final System.Logger LOG = System.getLogger(Pretraining.class.getName());

    /** Does the stage, or what is left of it. */
    StageResult run(StageOrder order, BuildStage.Pretrain stage, Path model, OpenText text) {
        var training = stage.training(order.seed());
        TrainingPlan plan = TrainingPlans.of(training, compute);
        progress.on(
                new NodeUpdate.Began(
                        clock.instant(),
                        NodeUpdate.Phase.TRAINING,
                        0,
                        training.steps() + " steps, stage " + stage.title()));
        Path target = stages.begin(order);
        TrainingCheckpoints checkpoints =
                new TrainingCheckpoints(stages.place(order), "checkpoint", checkpointEvery);
        String task = CanonicalJson.digest(order).hex();
        TrainingRun run = new TrainingRun(plan, training.steps(), 0, progress, stop, clock);
        try (ModelDirectory base = ModelDirectory.open(model);
                Trainer trainer = trainer(base, plan, text.train(), checkpoints, task, run)) {
            checkpoints.begin();
            TrainingRun.Result result =
                    run.rest(trainer, text.train(), () -> checkpoints.consider(task, trainer, run));
            trainer.exportLike(base, target);
            StageResult finished = stages.finish(order, result.tokens());
            checkpoints.drop();
            return finished;
        }
    }

    private static Trainer trainer(
            ModelDirectory base,
            TrainingPlan plan,
            Tokens text,
            TrainingCheckpoints checkpoints,
            String task,
            TrainingRun run) {
        return checkpoints
                .find(task)
                .flatMap(kept -> {
                    try {
                        Trainer trainer = Trainer.resume(checkpoints.file(kept), plan, text);
                        run.goOnAfter(kept.done(), kept.nats());
                        return Optional.of(trainer);
                    } catch (TrainingException e) {
                        LOG.log(
                                System.Logger.Level.WARNING,
                                "the stage begins again: {0}",
                                e.getMessage());
                        return Optional.empty();
                    }
                })
                .orElseGet(() -> Trainer.begin(base, plan, text));
    }
}
