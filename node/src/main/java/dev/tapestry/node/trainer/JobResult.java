package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;

/** What another program has left in a {@link JobDirectory}: looked at before it is believed. */
public final class JobResult {

    private JobResult() {}

    /**
     * Checks what was left, and copies it into the layout of the base.
     *
     * @param target for the weights; does not exist yet, or is empty. The mean gradient goes where
     *     {@code task} says, if it asks for one
     * @throws NodeException {@code TRAINER_OUTPUT}; there is nothing in {@code target} then
     */
    public static TrainingRun.Result take(
            JobDirectory directory,
            TrainingJob job,
            RoundTask task,
            ModelDirectory base,
            Path target) {
        JobDone done = JobDone.of(directory, job);
        TrainingJob.Corpus text =
                job.corpus()
                        .orElseThrow(() ->
                                new NodeException(
                                        Code.TRAINER_OUTPUT,
                                        "%s does not say how long the text is that was trained on; see 'tapestry round prepare'"
                                                .formatted(directory.job())));
        JobTensors.weights(directory, base).copyTo(target);
        try {
            task.gradients()
                    .ifPresent(asked ->
                            JobTensors.gradient(directory, base, job.clipNorm())
                                    .copyTo(asked.target()));
        } catch (RuntimeException e) {
            JobTensors.drop(target, e); // all that was asked, or nothing
            throw e;
        }
        return TrainingRun.Result.of(
                done.tokens(), done.steps(), done.meanLoss(), text.tokens(), text.bytes());
    }
}
