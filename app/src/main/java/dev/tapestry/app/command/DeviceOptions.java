package dev.tapestry.app.command;

import dev.tapestry.app.train.JobTraining;
import dev.tapestry.training.Device;
import picocli.CommandLine.Option;

/** What trains, and how its memory is saved. */
final class DeviceOptions {

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

    JobTraining.Machine machine() {
        if (accumulationSteps < 1) {
            throw new CommandException(ExitCode.USAGE, "--accumulation-steps is at least 1", null);
        }
        return new JobTraining.Machine(
                Device.of(device), accumulationSteps, activationCheckpointing);
    }
}
