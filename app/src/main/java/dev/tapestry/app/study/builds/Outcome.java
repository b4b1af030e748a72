package dev.tapestry.app.study.builds;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.node.build.BuildResult;
import java.util.List;

/**
 * What one build came to.
 *
 * @param cell what was built
 * @param commit of the program
 * @param threads of libtorch
 * @param before how what it began with does
 * @param stages how the model does after each
 * @param model its digest
 * @param seconds that it took
 */
record Outcome(
        Cell cell,
        String commit,
        int threads,
        BuildResult.Loss before,
        List<Stage> stages,
        String model,
        double seconds)
        implements CellStore.Outcome<Cell> {

    /** A stage's title, and how its model does. */
    record Stage(String title, BuildResult.Loss after) {}

    Outcome {
        stages = List.copyOf(stages);
    }

    /** How the model does in the end. */
    BuildResult.Loss after() {
        return stages.getLast().after();
    }

    /** Per cent by which the own text's loss is lower than before, after the first stage. */
    double firstGainPercent() {
        return stages.getFirst().after().gainPercent(before);
    }

    /** Per cent by which the retained text's loss is higher than before, after the first stage. */
    double firstRetentionLossPercent() {
        return stages.getFirst().after().retentionLossPercent(before).orElseThrow();
    }
}
