package dev.tapestry.app.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tapestry bench serve}. */
@Command(
        name = "serve",
        description = {
            "How fast the engine of 'serve' continues texts, one and several at once, in fp32.",
            "The model is MODEL, or one with random weights and a tokenizer. With --against another"
                    + " program does the same with the same model as a GGUF file: the command is given"
                    + " GGUF, THREADS, CONCURRENT, PROMPT and TOKENS, and prints"
                    + " {\"tokensPerSecond\":…,\"processorSeconds\":…}. The two take turns."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry bench serve --threads 1",
            "  tapestry bench serve --threads 2 --against 'node acceptance/peers/serve_speed.mjs'"
        })
final class ServingCommand implements Callable<Integer> {

    @Option(names = "--model", paramLabel = "DIR", description = "The model to continue with.")
    private @Nullable Path model;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR",
            defaultValue = "models/demo-base",
            description = "Of a model with random weights (${DEFAULT-VALUE}).")
    private Path tokenizer = Path.of("models/demo-base");

    @Option(
            names = "--width",
            defaultValue = "576",
            description = "Of a model with random weights (${DEFAULT-VALUE}).")
    private int width;

    @Option(
            names = "--layers",
            defaultValue = "12",
            description = "Of a model with random weights (${DEFAULT-VALUE}).")
    private int layers;

    @Option(
            names = "--concurrent",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,4,16",
            description = "Texts at once (${DEFAULT-VALUE}).")
    private List<Integer> concurrent = List.of();

    @Option(
            names = "--prompt",
            defaultValue = "64",
            description = "Tokens of each prompt (${DEFAULT-VALUE}).")
    private int prompt;

    @Option(
            names = "--tokens",
            defaultValue = "64",
            description = "That follow each (${DEFAULT-VALUE}).")
    private int tokens;

    @Option(names = "--threads", description = "Of the processor (${DEFAULT-VALUE}).")
    private int threads = 1;

    @Option(
            names = "--repeats",
            defaultValue = "3",
            description = "Measured runs of each kind; the median counts (${DEFAULT-VALUE}).")
    private int repeats;

    @Option(names = "--against", paramLabel = "COMMAND", description = "Another program.")
    private @Nullable String against;

    @Option(names = "--dir", description = "Where to work (the system's temporary directory).")
    private @Nullable Path directory;

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Output output = Output.of(Output.present(spec).commandLine());
        ServingBenchmark.Work work = new ServingBenchmark.Work(prompt, tokens, threads, repeats);
        try (Scratch scratch = Scratch.in(directory)) {
            ServingBenchmark benchmark = new ServingBenchmark(scratch, work, against, output);
            List<ServingBenchmark.Row> rows =
                    model == null
                            ? benchmark.run(tokenizer, width, layers, concurrent)
                            : benchmark.run(model, concurrent);
            if (json) {
                output.json(rows);
                return 0;
            }
            output.say(
                    "%-10s %12s %14s %12s %14s %8s %12s",
                    "at once",
                    "tokens/s",
                    "ms cpu/token",
                    "other",
                    "ms cpu/token",
                    "ratio",
                    "ratio by cpu");
            for (ServingBenchmark.Row row : rows) {
                output.say(
                        "%-10d %12.1f %14.3f %12.1f %14.3f %8.2f %12.2f",
                        row.concurrent(),
                        row.own().tokensPerSecond(),
                        row.own().processorMillis(),
                        row.other().tokensPerSecond(),
                        row.other().processorMillis(),
                        row.ratio(),
                        row.processorRatio());
            }
            return 0;
        }
    }
}
