package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import java.time.InstantSource;
import java.util.List;

/** Tells of a trainer's steps as the embedded engine tells of its own. */
final class StepTeller {

    private final TrainingJob job;
    private final NodeProgress progress;
    private final InstantSource clock;
    private final long began = System.nanoTime();

    StepTeller(TrainingJob job, NodeProgress progress, InstantSource clock) {
        this.job = job;
        this.progress = progress;
        this.clock = clock;
    }

    void tell(List<JobStep> steps) {
        double seconds = Math.max((System.nanoTime() - began) / 1e9, 1e-9);
        for (JobStep step : steps) {
            progress.on(
                    new NodeUpdate.Stepped(
                            clock.instant(),
                            job.round().value(),
                            step.step(),
                            job.steps(),
                            job.scheduleTokens() + step.tokens(),
                            step.loss(),
                            step.tokens() / seconds));
        }
    }
}
