package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeProgress;
import java.time.InstantSource;

/**
 * Tells of the steps of a trainer that this node has not started, for as long as they can be read:
 * they are news, and nothing rests on them.
 */
public final class StepWatch {

    private final MetricsTail metrics;
    private final StepTeller steps;
    private boolean readable = true;

    /** Looks at what somebody writes for a job. */
    public StepWatch(
            JobDirectory directory, TrainingJob job, NodeProgress progress, InstantSource clock) {
        this.metrics = new MetricsTail(directory.metrics(), job);
        this.steps = new StepTeller(job, progress, clock);
    }

    /** Tells what is new since the last look. */
    public void look() {
        if (readable) {
            try {
                steps.tell(metrics.more());
            } catch (NodeException e) {
                readable = false;
            }
        }
    }
}
