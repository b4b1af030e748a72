package dev.tapestry.app.bench;

import dev.tapestry.corpus.preparation.Steps;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tapestry bench prepare}. */
@Command(
        name = "prepare",
        description = {
            "Prepare text through all default steps, with and without telling languages. The text",
            "is made of the sentences of real debates in 21 languages, put together by chance, as",
            "lines of JSON. Rates count the bytes of the files that are read."
        },
        footer = {"", "Example:", "  tapestry bench prepare --size-mb 10000 --dir /data"})
final class PrepareCommand implements Callable<Integer> {

    @Option(
            names = "--size-mb",
            defaultValue = "200",
            description = "MB of text (${DEFAULT-VALUE}).")
    private int sizeMb;

    @Option(
            names = "--repeats",
            defaultValue = "3",
            description = "Measured runs of each kind; the median counts (${DEFAULT-VALUE}).")
    private int repeats;

    @Option(names = "--threads", description = "That look at documents (${DEFAULT-VALUE}).")
    private int threads = 1;

    @Option(
            names = "--without-language-only",
            description = "Leave out the runs that tell languages.")
    private boolean withoutOnly;

    @Option(names = "--seed", defaultValue = "1", description = "Of the text (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--dir", description = "Where to work (the system's temporary directory).")
    private @Nullable Path directory;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Output output = Output.of(Output.present(spec).commandLine());
        try (Scratch scratch = Scratch.in(directory)) {
            PrepareBenchmark benchmark =
                    new PrepareBenchmark(scratch, sizeMb, repeats, threads, seed, output);
            List<PrepareBenchmark.Row> rows =
                    withoutOnly
                            ? List.of(
                                    benchmark.run(
                                            "without language", Steps.standard().withoutLanguage()))
                            : List.of(
                                    benchmark.run(
                                            "without language", Steps.standard().withoutLanguage()),
                                    benchmark.run("all default steps", Steps.standard()));
            if (json) {
                output.json(rows);
                return 0;
            }
            output.say(
                    "%-18s %10s %12s %14s %10s %10s",
                    "steps", "MB/s", "MB/s core", "documents", "kept", "heap MB");
            for (PrepareBenchmark.Row row : rows) {
                output.say(
                        "%-18s %10.1f %12.1f %14d %10d %10d",
                        row.steps(),
                        row.megabytesPerSecond(),
                        row.megabytesPerCoreSecond(),
                        row.documents(),
                        row.kept(),
                        row.peakHeapMegabytes());
            }
            return 0;
        }
    }
}
