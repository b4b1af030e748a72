package dev.tapestry.app.bench;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tapestry bench round}. */
@Command(
        name = "round",
        description = {
            "Play whole rounds without training: a coordinator and member nodes, each a",
            "process with 256 MiB of heap, exchange models over mutual TLS. Beside it, in",
            "the same run, the floor: the same bytes through the JDK's TLS sockets with one",
            "SHA-256 at each end, no files written. Rounds end on the disk, the floor in",
            "memory: with --dir on a memory file system both do."
        },
        footer = {
            "",
            "Example:",
            "  tapestry bench round --size-mb 100 --members 4 --rounds 5 --dir /dev/shm"
        })
final class RoundCommand implements Callable<Integer> {

    /** What fits into one shard. */
    static final int LARGEST_MB = 2000;

    @Option(
            names = "--size-mb",
            defaultValue = "100",
            description = "MB of fp32 in the model, at most 2000 (${DEFAULT-VALUE}).")
    private int sizeMb;

    @Option(
            names = "--members",
            defaultValue = "4",
            description = "Nodes, each a process (${DEFAULT-VALUE}).")
    private int members;

    @Option(
            names = "--rounds",
            defaultValue = "5",
            description = "Rounds that count (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--warm-ups",
            defaultValue = "20",
            description = "Rounds before them, while the JVMs compile (${DEFAULT-VALUE}).")
    private int warmUps;

    @Option(
            names = "--dir",
            description = {
                "Where to work: up to 6 models per member (the system's temporary directory).",
                "What is written there is deleted at the end."
            })
    private @Nullable Path directory;

    @Option(
            names = "--json",
            description = "The result as one line of JSON; bytes are of one round and all members.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandSpec command = Output.present(spec);
        if (sizeMb < 1
                || sizeMb > LARGEST_MB
                || members < 1
                || members > 64
                || rounds < 1
                || warmUps < 0) {
            throw new ParameterException(
                    command.commandLine(),
                    "--size-mb is 1 to %d, --members 1 to 64, --rounds at least 1, --warm-ups at least 0"
                            .formatted(LARGEST_MB));
        }
        Output output = Output.of(command.commandLine());
        try (Scratch scratch = Scratch.in(directory)) {
            RoundBenchmark.Report report =
                    new RoundBenchmark(
                                    new RoundBenchmark.Settings(sizeMb, members, rounds, warmUps),
                                    scratch,
                                    output)
                            .run();
            if (json) {
                output.json(report);
            } else {
                output.say(
                        "round        %.2f s (median of %d; fastest %.2f s)",
                        report.secondsPerRoundMedian(), rounds, report.secondsPerRoundMin());
                output.say(
                        "floor        %.2f s (a round is %.2f of it)",
                        report.floorSeconds(),
                        report.secondsPerRoundMedian() / report.floorSeconds());
                output.say(
                        "memory       coordinator %d MiB, largest node %d MiB",
                        report.rssMb().coordinator(), report.rssMb().nodeMax());
                output.say(
                        "transferred  %,d bytes up, %,d down in a round",
                        report.bytesUp(), report.bytesDown());
            }
            return 0;
        }
    }
}
