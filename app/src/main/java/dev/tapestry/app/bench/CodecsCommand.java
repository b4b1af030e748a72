package dev.tapestry.app.bench;

import dev.tapestry.weights.codec.CodecBenchmark;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tapestry bench codecs}. */
@Command(
        name = "codecs",
        description = {
            "Encode and decode a synthetic update with every codec, on one thread, beside this",
            "machine's own memory copy in the same run. Rates count the bytes of fp32; those of",
            "zstd, in which parts travel on slow lines, count encoded bytes."
        },
        footer = {"", "Example:", "  tapestry bench codecs --size-mb 64 --json"})
final class CodecsCommand implements Callable<Integer> {

    @Option(
            names = "--size-mb",
            defaultValue = "64",
            description = "MB of fp32 in the update (${DEFAULT-VALUE}).")
    private int sizeMb;

    @Option(
            names = "--repeats",
            defaultValue = "7",
            description = "Measured passes; the median counts (${DEFAULT-VALUE}).")
    private int repeats;

    @Option(names = "--seed", defaultValue = "1", description = "Of the update (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Output output = Output.of(Output.present(spec).commandLine());
        output.tell("an update of %d MB, on one thread", sizeMb);
        CodecBenchmark.Report report =
                CodecBenchmark.run(new CodecBenchmark.Settings(sizeMb, repeats, seed));
        if (json) {
            output.json(report);
            return 0;
        }
        output.say(
                "%-10s %12s %12s %12s %8s %8s %12s %12s",
                "codec",
                "encode MB/s",
                "decode MB/s",
                "bytes/param",
                "error",
                "zstd",
                "zstd MB/s",
                "unzstd MB/s");
        for (CodecBenchmark.Row row : report.codecs()) {
            output.say(
                    "%-10s %12.0f %12.0f %12.5f %8.4f %7.1f%% %12.0f %12.0f",
                    row.codec(),
                    row.encodeMbPerSecond(),
                    row.decodeMbPerSecond(),
                    row.bytesPerParameter(),
                    row.relativeError(),
                    -100 * row.saving(),
                    row.compressMbPerSecond(),
                    row.decompressMbPerSecond());
        }
        output.say("%-10s %12.0f", "copy", report.copyMbPerSecond());
        return 0;
    }
}
