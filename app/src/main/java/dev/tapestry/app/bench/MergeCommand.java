package dev.tapestry.app.bench;

import dev.tapestry.aggregation.MergeBenchmark;
import dev.tapestry.consortium.MergeRule;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tapestry bench merge}. */
@Command(
        name = "merge",
        description = {
            "Merge contributions that lie in the page cache, beside this machine's own",
            "memory copy in the same run. Rates count the bytes of base and contributions."
        },
        footer = {"", "Example:", "  tapestry bench merge --size-mb 400 --members 4"})
final class MergeCommand implements Callable<Integer> {

    @Option(
            names = "--size-mb",
            defaultValue = "400",
            description = "MB of fp32 in each contribution (${DEFAULT-VALUE}).")
    private int sizeMb;

    @Option(
            names = "--members",
            defaultValue = "4",
            description = "Contributions (${DEFAULT-VALUE}).")
    private int members;

    @Option(
            names = "--repeats",
            defaultValue = "5",
            description = "Measured merges; the median counts (${DEFAULT-VALUE}).")
    private int repeats;

    @Option(names = "--threads", description = "Of merge and copy (all processors).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--dir", description = "Where to work (the system's temporary directory).")
    private @Nullable Path directory;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Output output = Output.of(Output.present(spec).commandLine());
        try (Scratch scratch = Scratch.in(directory)) {
            output.tell("%d contributions of %d MB in %s", members, sizeMb, scratch.directory());
            MergeBenchmark.Report report =
                    MergeBenchmark.run(
                            new MergeBenchmark.Settings(
                                    members, sizeMb, repeats, threads, MergeRule.fedAvg()),
                            scratch.directory());
            if (json) {
                output.json(report);
            } else {
                output.say(
                        "merged  %.2f GB/s in %.3f s (and %.3f s until it is durable)",
                        report.readGbPerSecond(),
                        report.mergeSecondsMedian(),
                        report.flushSecondsMedian());
                output.say("copied  %.2f GB/s", report.copyGbPerSecond());
                output.say("share   %.0f %%", 100 * report.fractionOfCopy());
                output.say("memory  %d MB at most", report.peakRssMb());
            }
            return 0;
        }
    }
}
