package dev.tapestry.app.command;

import dev.tapestry.app.train.JobTraining;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.trainer.JobDone;
import dev.tapestry.training.GroupPlan;
import dev.tapestry.training.Rendezvous;
import dev.tapestry.training.TrainingException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trains a job that a node has laid out; what a trainer of the member's own may call. */
@Command(
        name = "train",
        description = {
            "Train a job that a node has laid out, with the embedded engine, anywhere the directory is seen.",
            "Reads job.json, base/ and corpus/; writes metrics.jsonl, the weights and done.json; keeps"
                    + " the optimiser's state in state/."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry train my-node/job",
            "  tapestry train /shared/job --threads 32 --processes 2",
            "  tapestry train /shared/job --rank 1 --size 2 --rendezvous node01:29500"
        })
final class TrainCommand extends CommandGroup implements IExitCodeGenerator {

    @Parameters(paramLabel = "JOB_DIR", description = "The job's directory.")
    private Path directory = Path.of("");

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = {
                "Of training; default: as job.json says. The processes on this machine share",
                "them; one that is started by hand has so many of its own."
            })
    private @Nullable Integer threads;

    @Mixin private DeviceOptions device = new DeviceOptions();

    @Option(
            names = "--processes",
            paramLabel = "N",
            defaultValue = "1",
            description = "Share each batch among so many processes on this machine.")
    private int processes;

    @ArgGroup(
            exclusive = false,
            heading = "One of several processes, started by hand, also on several machines:%n")
    private @Nullable Place place;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            defaultValue = "PT5M",
            description = "The longest wait for another process (${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ZERO;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Option(
            names = "--attached",
            hidden = true,
            description = "End when standard input does: whoever started this has ended.")
    private boolean attached;

    private int code;

    /** Of a process among those that train together. */
    static final class Place {

        @Option(
                names = "--rank",
                required = true,
                paramLabel = "R",
                description = "Number of this process, from 0; rank 0 writes the results.")
        private int rank;

        @Option(
                names = "--size",
                required = true,
                paramLabel = "N",
                description = "How many processes there are.")
        private int size;

        @Option(
                names = "--rendezvous",
                required = true,
                paramLabel = "WHERE",
                description = {
                    "HOST:PORT of rank 0's machine, or a file in a folder that all see, with a",
                    "name that was never used before."
                })
        private String rendezvous = "";

        @Option(
                names = "--address",
                paramLabel = "HOST",
                description = "How the others reach this machine; default: its own name.")
        private @Nullable String address;
    }

    @Override
    public void run() {
        if (processes < 1 || (processes > 1 && place != null)) {
            throw usage("--processes is at least 1, and goes with no --rank");
        }
        StopSignal stop = new StopSignal();
        Optional<ParentWatch> parent =
                attached ? Optional.of(ParentWatch.watch(stop::request)) : Optional.empty();
        try (Signals signals = Signals.during(stop::request)) {
            try {
                JobDone done = done(new JobTraining(directory, device.machine(), stop));
                if (place == null || place.rank == 0) {
                    answer(
                            json,
                            done,
                            "trained %d steps on %,d tokens, mean loss %.4f nats per token",
                            done.steps(),
                            done.tokens(),
                            done.meanLoss());
                }
            } catch (NodeException | TrainingException e) {
                if (!JobTraining.followsFromAnEnd(e)
                        || !(signals.came() || parent.filter(ParentWatch::endsSoon).isPresent())) {
                    throw e;
                }
                // Never 0: the node would look for the results.
                code = ExitCode.INTERRUPTED.number();
            }
        }
    }

    private JobDone done(JobTraining training) {
        if (place != null) {
            return training.runAs(
                    new GroupPlan(
                            place.rank,
                            place.size,
                            Rendezvous.of(place.rendezvous),
                            Optional.ofNullable(place.address),
                            timeout),
                    threads);
        }
        return processes > 1
                ? training.runWith(processes, threads, timeout)
                : training.run(threads);
    }

    @Override
    public int getExitCode() {
        return code;
    }
}
