package dev.tapestry.app.command;

import dev.tapestry.app.train.JobTraining;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.trainer.JobDone;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
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
            "  tapestry train /shared/job --threads 32"
        })
final class TrainCommand extends CommandGroup implements IExitCodeGenerator {

    @Parameters(paramLabel = "JOB_DIR", description = "The job's directory.")
    private Path directory = Path.of("");

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Of training; default: as job.json says.")
    private @Nullable Integer threads;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    private int code;

    @Override
    public void run() {
        StopSignal stop = new StopSignal();
        try (Signals signals = Signals.during(stop::request)) {
            try {
                JobDone done = new JobTraining(directory, stop).run(threads);
                answer(
                        json,
                        done,
                        "trained %d steps on %,d tokens, mean loss %.4f nats per token",
                        done.steps(),
                        done.tokens(),
                        done.meanLoss());
            } catch (NodeException e) {
                if (e.code() != NodeException.Code.STOPPED || !signals.came()) {
                    throw e;
                }
                // Never 0: the node would look for the results.
                code = ExitCode.INTERRUPTED.number();
            }
        }
    }

    @Override
    public int getExitCode() {
        return code;
    }
}
