package dev.tapestry.app.bench;

import dev.tapestry.app.bench.TransferStage.Leg;
import dev.tapestry.app.bench.TransferStage.Pair;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tapestry bench transfer}. */
@Command(
        name = "transfer",
        description = {
            "Contributions and bases between a coordinator and one node on this machine,",
            "beside raw streams of the JDK's TLS sockets: after each transfer as many of",
            "them run for as long. A contribution counts until its last part is acknowledged,",
            "and a base until it is whole, both on the disk; what the raw streams carry goes",
            "nowhere."
        },
        footer = {"", "Example:", "  tapestry bench transfer --size-mb 400 --repeats 5"})
final class TransferCommand implements Callable<Integer> {

    @Option(
            names = "--size-mb",
            defaultValue = "400",
            description = "MB of fp32 in the model, at most 2000 (${DEFAULT-VALUE}).")
    private int sizeMb;

    @Option(
            names = "--repeats",
            defaultValue = "5",
            description = "Transfers that count (${DEFAULT-VALUE}).")
    private int repeats;

    @Option(
            names = "--warm-ups",
            defaultValue = "5",
            description = "Transfers before them, while the JVMs compile (${DEFAULT-VALUE}).")
    private int warmUps;

    @Option(
            names = "--dir",
            description = {
                "Where to work: up to 6 models (the system's temporary directory). What is",
                "written there is deleted at the end."
            })
    private @Nullable Path directory;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    /** What came out. */
    private record Report(int sizeMb, int cores, TransferLeg upload, TransferLeg download) {}

    @Override
    public Integer call() {
        CommandSpec command = Output.present(spec);
        if (sizeMb < 1 || sizeMb > RoundCommand.LARGEST_MB || repeats < 1 || warmUps < 0) {
            throw new ParameterException(
                    command.commandLine(),
                    "--size-mb is 1 to %d, --repeats at least 1, --warm-ups at least 0"
                            .formatted(RoundCommand.LARGEST_MB));
        }
        Output output = Output.of(command.commandLine());
        try (Scratch scratch = Scratch.in(directory);
                TransferStage stage =
                        TransferStage.set(scratch, TransferStage.Ground.loopback(), sizeMb)) {
            Report report = measure(stage, output);
            if (json) {
                output.json(report);
            } else {
                say("upload", report.upload(), output);
                say("download", report.download(), output);
            }
            return 0;
        }
    }

    private Report measure(TransferStage stage, Output output) {
        List<Leg> up = new ArrayList<>();
        List<Leg> down = new ArrayList<>();
        for (int i = 1 - warmUps; i <= repeats; i++) {
            stage.prepare();
            Pair pair = stage.measure(true);
            output.tell(
                    "transfer %d: up %s, down %s%s",
                    i, words(pair.up()), words(pair.down()), i < 1 ? ": warm-up" : "");
            if (i >= 1) {
                up.add(pair.up());
                down.add(pair.down());
            }
        }
        return new Report(
                sizeMb,
                Runtime.getRuntime().availableProcessors(),
                TransferLeg.of(up),
                TransferLeg.of(down));
    }

    private static String words(Leg leg) {
        return "%.0f MB/s (%.0f %% of %.0f)"
                .formatted(
                        leg.bitsPerSecond() / 8e6,
                        100 * leg.share(),
                        leg.raw().bitsPerSecond() / 8e6);
    }

    private static void say(String name, TransferLeg leg, Output output) {
        output.say(
                "%-9s %.0f MB/s: %.0f %% (%.0f to %.0f) of %d raw TLS streams' %.0f MB/s",
                name,
                leg.goodputMbit().median() / 8,
                100 * leg.share().median(),
                100 * leg.share().min(),
                100 * leg.share().max(),
                leg.streams(),
                leg.rawMbit().median() / 8);
    }
}
