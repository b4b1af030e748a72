package dev.tapestry.app.bench;

import dev.tapestry.app.report.Html;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.trust.SafeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tapestry bench memory}. */
@Command(
        name = "memory",
        description = {
            "How much memory a coordinator and nodes need for one round of large models: all",
            "are processes that exchange models over mutual TLS, without training. Looks at",
            "them five times a second and tells the peaks of each step of the round. A bound",
            "(coordinator 1024 MiB, node 512 MiB) is held against the most that was ever",
            "resident, mapped files included.",
            "",
            "Members take turns and delete their models in between, for disk is scarce: about",
            "4 + MEMBERS + 2 x AT-ONCE models must fit, more if coded. Linux only."
        },
        footer = {
            "",
            "Example:",
            "  tapestry bench memory --size-mb 3400 --members 6 --plot memory.svg"
        })
final class MemoryCommand implements Callable<Integer> {

    private static final int LARGEST_MB = 400_000;
    private static final int MEMBERS = 128;

    @Option(
            names = "--size-mb",
            defaultValue = "3400",
            description = "MB of fp32 in the model (${DEFAULT-VALUE}).")
    private int sizeMb;

    @Option(
            names = "--shards",
            defaultValue = "0",
            description = "Files that its weights lie in; 0: each of 2000 MB (${DEFAULT-VALUE}).")
    private int shards;

    @Option(
            names = "--members",
            defaultValue = "6",
            description = "Nodes, each a process (${DEFAULT-VALUE}).")
    private int members;

    @Option(
            names = "--at-once",
            defaultValue = "1",
            description = "Nodes that fetch, send or score at the same time (${DEFAULT-VALUE}).")
    private int atOnce;

    @Option(
            names = "--per-process",
            defaultValue = "1",
            description = {
                "Nodes in one process, where there are too many for the processors; they do",
                "everything at the same time (${DEFAULT-VALUE})."
            })
    private int perProcess;

    @Option(
            names = "--coded",
            description = "Code updates in both directions, for example int4/1 (whole weights).")
    private @Nullable String coded;

    @Option(names = "--bf16", description = "Contribute whole weights in bf16 instead of fp32.")
    private boolean bf16;

    @Option(
            names = "--dir",
            description = {
                "Where to work (the system's temporary directory). What is written there is",
                "deleted at the end."
            })
    private @Nullable Path directory;

    @Option(names = "--plot", description = "Draw memory over time into this file, as SVG.")
    private @Nullable Path plot;

    @Option(names = "--json", description = "The result as one line of JSON, with the curve.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        CommandSpec command = Output.present(spec);
        check(command);
        Output output = Output.of(command.commandLine());
        try (Scratch scratch = Scratch.in(directory)) {
            MemoryReport report =
                    new MemoryBenchmark(
                                    new MemoryBenchmark.Settings(
                                            sizeMb,
                                            shards > 0
                                                    ? shards
                                                    : Math.ceilDiv(sizeMb, RoundCommand.LARGEST_MB),
                                            members,
                                            atOnce,
                                            perProcess,
                                            bf16,
                                            Optional.ofNullable(coded)),
                                    scratch,
                                    output)
                            .run();
            if (plot != null) {
                SafeFile.write(
                        plot, Html.picture(report.plot().svg()).getBytes(StandardCharsets.UTF_8));
            }
            if (json) {
                output.json(report);
            } else {
                say(output, report);
            }
            return 0;
        }
    }

    private void check(CommandSpec command) {
        if (sizeMb < 1
                || sizeMb > LARGEST_MB
                || shards < 0
                || shards > sizeMb
                || members < 1
                || members > MEMBERS
                || perProcess < 1
                || atOnce < perProcess
                || atOnce > members) {
            throw new ParameterException(
                    command.commandLine(),
                    "--size-mb is 1 to %d, --shards at most as many, --members 1 to %d, --at-once 1 to --members, --per-process at most --at-once"
                            .formatted(LARGEST_MB, MEMBERS));
        }
        if (coded != null && (bf16 || !CodecName.KNOWN.contains(new CodecName(coded)))) {
            throw new ParameterException(
                    command.commandLine(),
                    "--coded is one of %s, and not together with --bf16"
                            .formatted(
                                    String.join(
                                            ", ",
                                            CodecName.KNOWN.stream()
                                                    .map(CodecName::value)
                                                    .toList())));
        }
    }

    private static void say(Output output, MemoryReport report) {
        output.say(
                "commit %s, %d cores, %d MiB of memory; %,d bytes of model, %.0f s",
                report.commit(),
                report.cores(),
                report.machineMebibytes(),
                report.modelBytes(),
                report.seconds());
        say(output, "coordinator", report.coordinator());
        say(output, "largest node", report.member());
        output.say(
                "%-10s %9s %9s %9s   %s",
                "step", "seconds", "MB", "MB/s", "coordinator | node, MiB (of it anonymous)");
        for (MemoryReport.Row row : report.rows()) {
            output.say(
                    "%-10s %9.1f %9.0f %9.0f   %d (%d) | %d (%d)",
                    row.step(),
                    row.seconds(),
                    row.mb(),
                    row.mbPerSecond(),
                    row.coordinator().residentMb(),
                    row.coordinator().anonymousMb(),
                    row.member().residentMb(),
                    row.member().anonymousMb());
        }
    }

    private static void say(Output output, String name, MemoryReport.Program program) {
        output.say(
                "%-12s peak %d MiB of %d (anonymous %d, files %d; heap at most %d): %s; page tables %d",
                name,
                program.peakMb(),
                program.boundMb(),
                program.anonymousMb(),
                program.fileMb(),
                program.heapMb(),
                program.withinBound() ? "within its bound" : "ABOVE ITS BOUND",
                program.pageTablesMb());
    }
}
