package dev.tapestry.app.study.churn;

import dev.tapestry.app.study.churn.ChurnReport.Row;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tapestry study churn}. */
@Command(
        name = "churn",
        mixinStandardHelpOptions = true,
        description = {
            "Let consortia live whose members have different speeds, go away and come back, in",
            "virtual time, by each way in which a charter can treat stragglers. The rules are the",
            "coordinator's own; every event is audited; that nothing is lost is checked."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry study churn",
            "  tapestry study churn --members 20 --flapping 0.5 --rounds 5 --seeds 100 --json"
        })
public final class ChurnCommand implements Callable<Integer> {

    @Option(names = "--members", defaultValue = "100", description = "How many (${DEFAULT-VALUE}).")
    private int members;

    @Option(
            names = "--flapping",
            defaultValue = "0.3",
            description = "Share of them that come and go, 0 to 1 (${DEFAULT-VALUE}).")
    private double flapping;

    @Option(names = "--rounds", defaultValue = "10", description = "Of a run (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--seeds",
            defaultValue = "1000",
            description = "How many consortia live by each rule (${DEFAULT-VALUE}).")
    private int seeds;

    @Option(names = "--first-seed", defaultValue = "1", description = "The first one's seed.")
    private long firstSeed;

    @Option(
            names = "--training",
            defaultValue = "PT1H",
            description = "How long the median member trains in a round (${DEFAULT-VALUE}).")
    private Duration training = Duration.ZERO;

    @Option(
            names = "--spread",
            defaultValue = "0.7",
            description = "Standard deviation of the logarithm of speeds (${DEFAULT-VALUE}).")
    private double spread;

    @Option(
            names = "--up",
            defaultValue = "PT2H",
            description = "How long one that comes and goes stays, on average (${DEFAULT-VALUE}).")
    private Duration up = Duration.ZERO;

    @Option(
            names = "--down",
            defaultValue = "PT6H",
            description = "How long it is away then, on average (${DEFAULT-VALUE}).")
    private Duration down = Duration.ZERO;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandSpec present = java.util.Objects.requireNonNull(spec);
        ChurnSettings settings = settings(present);
        PrintWriter progress = present.commandLine().getErr();
        List<Row> rows = new ArrayList<>();
        for (StragglerRule rule : StragglerRule.values()) {
            progress.printf("%s: %d consortia of %d members%n", rule, seeds, members);
            progress.flush();
            rows.add(
                    Row.of(
                            rule,
                            LongStream.range(firstSeed, firstSeed + seeds)
                                    .parallel()
                                    .mapToObj(seed ->
                                            new ChurnConsortium(settings, rule, seed).live())
                                    .toList()));
        }
        ChurnReport report = new ChurnReport(settings, firstSeed, seeds, rows);
        PrintWriter result = present.commandLine().getOut();
        result.println(
                json
                        ? new String(CanonicalJson.write(report), StandardCharsets.UTF_8)
                        : report.table());
        result.flush();
        return 0;
    }

    private ChurnSettings settings(CommandSpec present) {
        try {
            if (seeds < 1) {
                throw new IllegalArgumentException("seeds is at least 1");
            }
            return new ChurnSettings(members, flapping, rounds, training, spread, up, down);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(present.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
