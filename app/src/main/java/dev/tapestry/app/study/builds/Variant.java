package dev.tapestry.app.study.builds;

import dev.tapestry.node.build.BuildPlan;
import dev.tapestry.node.build.BuildStage;
import dev.tapestry.node.build.StageTraining;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A plan as a cell has it: without gates, so that what is bad is measured too. */
final class Variant {

    private Variant() {}

    /**
     * The plan of a cell.
     *
     * @param base that it begins with, absolute
     */
    static BuildPlan of(BuildPlan plan, Cell cell, Path base) {
        List<BuildStage> stages = new ArrayList<>(plan.stages());
        BuildStage.Pretrain first = first(plan);
        stages.set(0, stage(first, cell));
        if (cell.way() instanceof Cell.Way.Replayed) {
            stages.subList(1, stages.size()).clear();
        }
        return new BuildPlan(
                cell.name(),
                plan.level(),
                base.toString(),
                Optional.empty(),
                Optional.of(cell.seed()),
                plan.constitution(),
                plan.bundled(),
                plan.data(),
                stages,
                plan.evaluation().withoutGates(),
                plan.gguf());
    }

    /** The plan's first stage, which must be one of pre-training. */
    static BuildStage.Pretrain first(BuildPlan plan) {
        if (plan.stages().getFirst() instanceof BuildStage.Pretrain pretrain) {
            return pretrain;
        }
        throw new IllegalArgumentException(
                plan.name() + ": a studied build begins with a stage of the type pretrain");
    }

    private static BuildStage.Pretrain stage(BuildStage.Pretrain first, Cell cell) {
        StageTraining training = first.settings().withLearningRate(cell.rate());
        Optional<BuildStage.Replay> replay =
                switch (cell.way()) {
                    case Cell.Way.Built _ -> first.replay();
                    case Cell.Way.Scratch _ -> Optional.empty();
                    case Cell.Way.Replayed replayed ->
                            first.replay()
                                    .filter(_ -> replayed.share() > 0)
                                    .map(again ->
                                            new BuildStage.Replay(
                                                    again.corpus(), replayed.share()));
                };
        return new BuildStage.Pretrain(
                first.corpus(), first.tokens(), replay, Optional.of(training));
    }
}
