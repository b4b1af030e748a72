package dev.tapestry.node.build;

import dev.tapestry.node.Compute;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Precision;
import dev.tapestry.training.TextLoss;
import dev.tapestry.training.Tokens;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/** Scores models on the member's held-out text. */
public final class HeldOutEvaluation {

    private static final int BATCH_TOKENS = 4096;

    private final Compute compute;

    /** Scores with these threads and this precision, on that device. */
    public HeldOutEvaluation(Compute compute) {
        this.compute = compute;
    }

    /** How matrix products are calculated; scores depend on it. */
    public Precision precision() {
        return compute.precision();
    }

    /**
     * A model's loss.
     *
     * @param bitsPerByte of text
     * @param bytes of text that were scored
     */
    public record Result(double bitsPerByte, long bytes) {}

    /**
     * Scores the model in {@code model}.
     *
     * @param sequenceLength tokens in a window
     * @param maxTokens of the held-out text, evenly spaced
     */
    public Result of(Path model, Tokens heldOut, int sequenceLength, long maxTokens) {
        return of(model, heldOut, sequenceLength, maxTokens, _ -> {});
    }

    /**
     * The same, telling on the way.
     *
     * @param scored is told now and then how many tokens were scored
     */
    public Result of(
            Path model, Tokens heldOut, int sequenceLength, long maxTokens, LongConsumer scored) {
        Evaluation evaluation =
                new Evaluation(
                        sequenceLength,
                        Math.max(1, BATCH_TOKENS / sequenceLength),
                        maxTokens,
                        compute.precision(),
                        compute.threads());
        try (ModelDirectory directory = ModelDirectory.open(model);
                Llama llama = Llama.load(directory, compute.device())) {
            TextLoss loss = evaluation.of(llama, heldOut, scored);
            double bytesPerToken = (double) heldOut.bytes() / heldOut.count();
            return new Result(
                    loss.bitsPerByte(), Math.max(1, Math.round(loss.tokens() * bytesPerToken)));
        }
    }
}
