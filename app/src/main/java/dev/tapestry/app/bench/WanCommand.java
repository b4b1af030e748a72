package dev.tapestry.app.bench;

import dev.tapestry.app.report.Html;
import dev.tapestry.trust.SafeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tapestry bench wan}. */
@Command(
        name = "wan",
        description = {
            "Contributions and bases over distant lines, beside raw TCP streams: a",
            "coordinator in one network namespace and a node in another exchange models over",
            "mutual TLS through a line with a delay, loss and a rate. After each transfer",
            "as many raw TCP streams run for as long over the same line. A contribution",
            "counts until its last part is acknowledged, and a base until it is whole, both",
            "on the disk.",
            "",
            "Needs root on Linux, for network namespaces and TUN devices. The line is this",
            "program: it needs no netem in the kernel. Takes about an hour with the",
            "settings that are given here. What is made is removed, also after Ctrl-C."
        },
        footer = {
            "",
            "Example:",
            "  tapestry bench wan --rtt 50 --loss 0,1 --rate 100 --repeats 1"
        })
final class WanCommand implements Callable<Integer> {

    @Option(
            names = "--rtt",
            split = ",",
            defaultValue = "50,200",
            description = "Milliseconds of a round trip (${DEFAULT-VALUE}).")
    private List<Integer> rtt = List.of();

    @Option(
            names = "--loss",
            split = ",",
            defaultValue = "0,0.1,1",
            description = "Per cent of packets that are lost, each way (${DEFAULT-VALUE}).")
    private List<Double> loss = List.of();

    @Option(
            names = "--rate",
            split = ",",
            defaultValue = "100,1000",
            description = "Mbit/s that the line carries, each way (${DEFAULT-VALUE}).")
    private List<Integer> rate = List.of();

    @Option(
            names = "--size-mb",
            defaultValue = "0",
            description = {
                "MB of fp32 in the model; 0: what the line carries in --seconds, at most 1250",
                "(${DEFAULT-VALUE})."
            })
    private int sizeMb;

    @Option(
            names = "--seconds",
            defaultValue = "20",
            description = "Of the line's rate, that the model is as large as (${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--repeats",
            defaultValue = "3",
            description = "Repetitions of each cell (${DEFAULT-VALUE}).")
    private int repeats;

    @Option(
            names = "--dir",
            description = {
                "Where to work: up to 6 models (the system's temporary directory). What is",
                "written there is deleted at the end."
            })
    private @Nullable Path directory;

    @Option(
            names = "--out",
            description =
                    "Write the results there too, as .json, .table.md and .svg, for example to docs/results/wan.")
    private @Nullable Path out;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        CommandSpec command = Output.present(spec);
        if (rtt.stream().anyMatch(ms -> ms < 0 || ms > 400)
                || loss.stream().anyMatch(percent -> percent < 0 || percent > 50)
                || rate.stream().anyMatch(mbit -> mbit < 1 || mbit > 2000)
                || sizeMb < 0
                || sizeMb > RoundCommand.LARGEST_MB
                || seconds < 1
                || repeats < 1) {
            throw new ParameterException(
                    command.commandLine(),
                    "--rtt is 0 to 400, --loss 0 to 50, --rate 1 to 2000, the model at most %d MB, --repeats at least 1"
                            .formatted(RoundCommand.LARGEST_MB));
        }
        Namespaces.require();
        Output output = Output.of(command.commandLine());
        try (Scratch scratch = Scratch.in(directory)) {
            WanReport report =
                    new WanBenchmark(
                                    new WanBenchmark.Settings(
                                            rtt, loss, rate, sizeMb, seconds, repeats),
                                    scratch,
                                    output)
                            .run();
            if (out != null) {
                write(out, report);
            }
            if (json) {
                output.json(report);
            } else {
                output.say(
                        "commit %s, %d cores, %s, tcp_wmem %s, tcp_rmem %s",
                        report.commit(),
                        report.cores(),
                        report.congestionControl(),
                        report.windows().send(),
                        report.windows().receive());
                output.say("%s", report.markdown());
            }
            return 0;
        }
    }

    private static void write(Path out, WanReport report) throws IOException {
        save(out, ".json", Output.text(report));
        save(out, ".table.md", report.markdown());
        save(out, ".svg", Html.picture(report.plot().svg()));
    }

    private static void save(Path out, String ending, String content) throws IOException {
        Path file = out.resolveSibling(out.getFileName() + ending);
        SafeFile.write(file, content.getBytes(StandardCharsets.UTF_8));
    }
}
