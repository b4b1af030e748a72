package dev.tapestry.app.command;

import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.LocalTraining.Optimizer;
import dev.tapestry.consortium.LocalTraining.Schedule;
import picocli.CommandLine.Option;

/** How private continued pre-training is done. */
final class BuildOptions {

    private static final double FINAL_RATIO = 0.1;
    private static final double WEIGHT_DECAY = 0.01;
    private static final double CLIP_NORM = 1;
    private static final int WARMUP_SHARE = 50;

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

    /** Tokens that are scored. */
    long scoringTokens() {
        return scoringTokens;
    }

    /** The settings of the trainer. */
    LocalTraining training() {
        if (tokens < 1 || batch < 1 || sequence < 1) {
            throw new CommandException(
                    "--tokens, --batch and --sequence are at least 1, not %d, %d and %d"
                            .formatted(tokens, batch, sequence));
        }
        long perStep = (long) batch * sequence;
        if (tokens / perStep >= Integer.MAX_VALUE) {
            throw new CommandException(
                    "--tokens %d are more than 2^31 steps of --batch %d times --sequence %d"
                            .formatted(tokens, batch, sequence));
        }
        int steps = (int) Math.ceilDiv(tokens, perStep);
        long total = steps * perStep;
        return new LocalTraining(
                steps,
                optimizer,
                learningRate,
                FINAL_RATIO,
                Schedule.COSINE,
                total / WARMUP_SHARE,
                total,
                batch,
                sequence,
                WEIGHT_DECAY,
                CLIP_NORM,
                seed);
    }
}
