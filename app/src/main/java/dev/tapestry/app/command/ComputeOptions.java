package dev.tapestry.app.command;

import dev.tapestry.app.train.JobTraining;
import dev.tapestry.node.Compute;
import dev.tapestry.node.box.BoxWork;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What of this machine trains and scores. */
final class ComputeOptions {

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Of training and scoring; default: as the box says.")
    private @Nullable Integer threads;

    @Mixin private DeviceOptions device = new DeviceOptions();

    /** So many threads, if they were named. */
    @Nullable Integer threads() {
        return threads;
    }

    BoxWork.Machine machine() {
        JobTraining.Machine own = device.machine();
        return (asked, precision) ->
                new Compute(
                        threads == null ? asked : threads,
                        precision,
                        own.device(),
                        own.accumulationSteps(),
                        own.activationCheckpointing());
    }

    JobTraining.Machine jobMachine() {
        return device.machine();
    }
}
