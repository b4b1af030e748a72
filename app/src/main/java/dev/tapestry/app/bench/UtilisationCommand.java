package dev.tapestry.app.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tapestry bench utilisation}. */
@Command(
        name = "utilisation",
        description = {
            "How much of their training speed nodes keep over slow and distant lines. Real",
            "nodes, each a process behind a shaped line of its own, train a model of about",
            "10 million parameters: in turn alone, in rounds in which they wait for each",
            "base, and in rounds that overlap. Weights travel in four bits both ways."
        },
        footer = {
            "",
            "Example:",
            "  tapestry bench utilisation --steps 30 --overlap 5 --mbit 100 --latency-ms 150"
        })
final class UtilisationCommand implements Callable<Integer> {

    @Option(
            names = "--members",
            defaultValue = "2",
            description = "Nodes, each a process (${DEFAULT-VALUE}).")
    private int members;

    @Option(
            names = "--threads",
            defaultValue = "1",
            description = "Threads with which each node trains (${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--steps",
            defaultValue = "30",
            description = "Steps of 1,024 tokens in a round (${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--overlap",
            defaultValue = "5",
            description = "Steps that are trained ahead of a base (${DEFAULT-VALUE}).")
    private int overlap;

    @Option(
            names = "--rounds",
            defaultValue = "3",
            description = "Rounds that count in each turn (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--turns",
            defaultValue = "3",
            description = "Turns, in each of which all three are measured (${DEFAULT-VALUE}).")
    private int turns;

    @Option(names = "--gradients", description = "Members share their gradients too, in int8/1.")
    private boolean gradients;

    @Option(
            names = "--mbit",
            defaultValue = "100",
            description = "Mbit/s of each node's line, each way (${DEFAULT-VALUE}).")
    private int megabits;

    @Option(
            names = "--latency-ms",
            defaultValue = "150",
            description = "Milliseconds of a round trip over the line (${DEFAULT-VALUE}).")
    private int latency;

    @Option(
            names = "--dir",
            description = {
                "Where to work: about 1 GB (the system's temporary directory).",
                "What is written there is deleted at the end."
            })
    private @Nullable Path directory;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandSpec command = Output.present(spec);
        if (members < 1
                || members > 64
                || threads < 1
                || overlap < 1
                || steps <= overlap
                || rounds < 1
                || turns < 1
                || megabits < 1
                || latency < 0) {
            throw new ParameterException(
                    command.commandLine(),
                    "--members is 1 to 64, --overlap at least 1 and below --steps, --latency-ms at least 0, all others at least 1");
        }
        Output output = Output.of(command.commandLine());
        try (Scratch scratch = Scratch.in(directory)) {
            UtilisationBenchmark.Report report =
                    new UtilisationBenchmark(
                                    new UtilisationBenchmark.Settings(
                                            members,
                                            threads,
                                            steps,
                                            overlap,
                                            rounds,
                                            turns,
                                            gradients,
                                            megabits,
                                            Duration.ofMillis(latency)),
                                    scratch,
                                    output)
                            .run();
            if (json) {
                output.json(report);
            } else {
                say(output, report);
            }
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void say(Output output, UtilisationBenchmark.Report report) {
        output.say("alone        %.0f tokens/s of each node", report.unconnectedTokensPerSecond());
        output.say(
                "waiting      %.0f tokens/s: %.1f %% (predicted %.1f %%)",
                report.waitingTokensPerSecond(),
                100 * report.utilisationWaiting(),
                100 * report.predictedWaiting());
        output.say(
                "overlapping  %.0f tokens/s: %.1f %% (predicted %.1f %%; lowest turn %.1f %%)",
                report.overlappingTokensPerSecond(),
                100 * report.utilisationOverlapping(),
                100 * report.predictedOverlapping(),
                100 * report.lowestOverlapping());
        output.say(
                "transferred  %,d bytes up, %,d down by each node in a round",
                report.bytesUp(), report.bytesDown());
    }
}
