package dev.tapestry.app.bench;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tapestry bench constitution}. */
@Command(
        name = "constitution",
        description = {
            "Hold requests against a constitution: a prompt, and an answer that comes in pieces of",
            "four characters. Times are of a whole request, by the clock and in processor time."
        },
        footer = {"", "Example:", "  tapestry bench constitution --terms 2000 --json"})
final class ConstitutionCommand implements Callable<Integer> {

    @Option(
            names = "--terms",
            defaultValue = "2000",
            description = "In the constitution (${DEFAULT-VALUE}).")
    private int terms;

    @Option(
            names = "--patterns",
            defaultValue = "20",
            description = "In the constitution (${DEFAULT-VALUE}).")
    private int patterns;

    @Option(
            names = "--prompt",
            defaultValue = "1000",
            description = "Characters of a prompt (${DEFAULT-VALUE}).")
    private int prompt;

    @Option(
            names = "--answer",
            defaultValue = "2000",
            description = "Characters of an answer (${DEFAULT-VALUE}).")
    private int answer;

    @Option(
            names = "--requests",
            defaultValue = "5000",
            description = "Measured requests (${DEFAULT-VALUE}).")
    private int requests;

    @Option(names = "--seed", defaultValue = "1", description = "Of the texts (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Output output = Output.of(Output.present(spec).commandLine());
        output.tell("%d terms and %d patterns, on one thread", terms, patterns);
        ConstitutionBenchmark.Report report =
                new ConstitutionBenchmark(terms, patterns, prompt, answer, requests, seed).run();
        if (json) {
            output.json(report);
            return 0;
        }
        output.say("%-12s %12s %12s %12s", "", "median ms", "p99 ms", "most ms");
        row(output, "clock", report.clock());
        row(output, "processor", report.processor());
        output.say(
                "%d of %d requests were touched by a rule; compiled in %.0f ms",
                report.touched(), report.requests(), report.compiledMs());
        return 0;
    }

    private static void row(Output output, String name, ConstitutionBenchmark.Times times) {
        output.say(
                "%-12s %12.3f %12.3f %12.3f",
                name, times.medianMs(), times.p99Ms(), times.mostMs());
    }
}
