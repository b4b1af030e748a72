package dev.tapestry.app.bench;

import dev.tapestry.training.Device;
import dev.tapestry.training.Precision;
import dev.tapestry.training.TrainBenchmark;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tapestry bench train}. */
@Command(
        name = "train",
        description = {
            "Train models of 1, 10 or 100 million parameters in fp32 and bf16 on synthetic",
            "text, beside this machine's plain matrix products in the same run. Tokens and",
            "floating-point operations per second are of the median step."
        },
        footer = {
            "",
            "Example:",
            "  tapestry bench train --steps 200",
            "  tapestry bench train --steps 1000 --models 10M --precisions fp32 --sequences 2"
        })
final class TrainCommand implements Callable<Integer> {

    @Option(
            names = "--steps",
            defaultValue = "1000",
            description = "Steps of each run, at least 21 (${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--models",
            split = ",",
            defaultValue = "1M,10M",
            description = "Which: 1M, 10M, 100M or several (${DEFAULT-VALUE}).")
    private Set<String> models = Set.of();

    @Option(
            names = "--precisions",
            split = ",",
            defaultValue = "fp32,bf16",
            description = "Which: fp32, bf16 or both (${DEFAULT-VALUE}).")
    private Set<Precision> precisions = Set.of();

    @Option(
            names = "--sequences",
            defaultValue = "8",
            description = "Sequences in a batch (${DEFAULT-VALUE}).")
    private int sequences;

    @Option(
            names = "--length",
            defaultValue = "256",
            description = "Tokens of a sequence (${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--threads", description = "Of libtorch (all processors).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--device",
            defaultValue = "cpu",
            description = "cpu, or an NVIDIA GPU: cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private String device = "";

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    /** The result, for {@code --json}. */
    record Report(
            int steps,
            int sequences,
            int length,
            int threads,
            String device,
            List<TrainBenchmark.Row> rows) {}

    @Override
    public Integer call() {
        Output output = Output.of(Output.present(spec).commandLine());
        Device chosen = Device.of(device);
        chosen.require();
        TrainBenchmark standard = TrainBenchmark.standard(threads);
        TrainBenchmark benchmark =
                new TrainBenchmark(standard.optimizer(), steps, threads, sequences, length, chosen);
        output.tell(
                "%d runs of %d steps of %d × %d tokens on %d threads",
                precisions.size() * models.size(),
                steps,
                benchmark.sequences(),
                benchmark.sequenceLength(),
                threads);
        List<TrainBenchmark.Row> rows =
                benchmark.run(
                        models,
                        precisions,
                        row -> output.tell("%s %s done", row.model(), row.precision()));
        if (json) {
            output.json(new Report(steps, sequences, length, threads, chosen.toString(), rows));
        } else {
            output.say(
                    "model  precision   tokens/s  per processor second  GFLOP/s  matmul GFLOP/s  share    loss  RSS MiB after step 20 and each quarter");
            rows.forEach(row ->
                    output.say(
                            "%-5s  %-9s %10.0f %21.0f %8.1f %15.1f %5.0f%% %7.3f  %s",
                            row.model(),
                            row.precision(),
                            row.tokensPerSecond(),
                            row.tokensPerProcessorSecond(),
                            row.gigaflops(),
                            row.matmulGigaflops(),
                            100 * row.shareOfMatmul(),
                            row.finalLoss(),
                            row.rssMebibytes()));
        }
        return 0;
    }
}
