package dev.tapestry.app.command;

import dev.tapestry.app.train.JobTraining;
import dev.tapestry.node.Compute;
import dev.tapestry.node.box.BoxWork;
import dev.tapestry.training.Device;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What of this machine trains and scores. */
final class ComputeOptions {

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Of training and scoring; default: as the box says.")
    private @Nullable Integer threads;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "cpu",
            description = "cpu, or an NVIDIA GPU: cuda or cuda:N (${DEFAULT-VALUE}).")
    private String device = "";

    @Option(
            names = "--accumulation-steps",
            paramLabel = "N",
            defaultValue = "1",
            description = "Cut each batch into so many passes: memory for one of them.")
    private int accumulationSteps;

    @Option(
            names = "--activation-checkpointing",
            description = "Compute each layer again on the way back: memory for one of them.")
    private boolean activationCheckpointing;

    /** So many threads, if they were named. */
    @Nullable Integer threads() {
        return threads;
    }

    BoxWork.Machine machine() {
        return (asked, precision) ->
                new Compute(
                        threads == null ? asked : threads,
                        precision,
                        Device.of(device),
                        accumulationSteps,
                        activationCheckpointing);
    }

    JobTraining.Machine jobMachine() {
        return new JobTraining.Machine(
                Device.of(device), accumulationSteps, activationCheckpointing);
    }
}
