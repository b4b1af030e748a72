package dev.tapestry.app.command;

import dev.tapestry.consortium.LocalTraining.Optimizer;
import dev.tapestry.node.build.BuildPlan;
import dev.tapestry.node.build.StageTraining;
import dev.tapestry.weights.gguf.Quantisation;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** How private continued pre-training is done. */
final class BuildOptions {

    @Option(
            names = "--tokens",
            paramLabel = "N",
            required = true,
            description = "Train on so many tokens, rounded up to whole steps.")
    private long tokens;

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            defaultValue = "0.002",
            description = "Peak learning rate (default ${DEFAULT-VALUE}).")
    private double learningRate;

    @Option(
            names = "--optimizer",
            paramLabel = "NAME",
            defaultValue = "MUON",
            description =
                    "Of the hidden matrices: ${COMPLETION-CANDIDATES} (default ${DEFAULT-VALUE}).")
    private Optimizer optimizer = Optimizer.MUON;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "8",
            description = "Sequences in a step (default ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--sequence",
            paramLabel = "N",
            defaultValue = "128",
            description = "Tokens in a sequence (default ${DEFAULT-VALUE}).")
    private int sequence;

    @Option(
            names = "--scoring-tokens",
            paramLabel = "N",
            defaultValue = "20000",
            description = "Held-out tokens scored before and after (default ${DEFAULT-VALUE}).")
    private long scoringTokens;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of the data order (default ${DEFAULT-VALUE}).")
    private long seed;

    /** The plan that these options stand for. */
    BuildPlan plan(String name, Path base, Path corpus, Quantisation quantisation) {
        if (tokens < 1 || batch < 1 || sequence < 1 || scoringTokens < 1) {
            throw new CommandException(
                    "--tokens, --batch, --sequence and --scoring-tokens are at least 1, not %d, %d, %d and %d"
                            .formatted(tokens, batch, sequence, scoringTokens));
        }
        if (tokens / ((long) batch * sequence) >= Integer.MAX_VALUE) {
            throw new CommandException(
                    "--tokens %d are more than 2^31 steps of --batch %d times --sequence %d"
                            .formatted(tokens, batch, sequence));
        }
        return BuildPlan.pretraining(
                name,
                base,
                corpus,
                tokens,
                StageTraining.full(learningRate, optimizer, batch, sequence),
                seed,
                scoringTokens,
                quantisation);
    }
}
