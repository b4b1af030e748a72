package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.util.Arrays;
import java.util.function.LongConsumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;

/**
 * Scores a model on held-out tokens.
 *
 * <p>The text is cut into windows that overlap in one token, so that every token but the first is
 * predicted exactly once, from at most {@code sequenceLength} tokens before it. Where fewer tokens
 * than there are shall be scored, evenly spaced windows are taken: the same text and settings
 * always give the same windows. Bits per byte take the whole text's ratio of bytes to tokens, which
 * for a part of it is an estimate.
 *
 * @param sequenceLength tokens in a window
 * @param sequencesPerBatch windows at a time: bounds memory
 * @param maxTokens no more tokens than these are scored, rounded up to a window
 * @param precision of matrix products
 * @param threads that libtorch uses
 */
public record Evaluation(
        int sequenceLength,
        int sequencesPerBatch,
        long maxTokens,
        Precision precision,
        int threads) {

    public Evaluation {
        if (sequenceLength < 1 || sequencesPerBatch < 1 || maxTokens < 1 || threads < 1) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "evaluation: sequenceLength %d, sequencesPerBatch %d, maxTokens %d and threads %d must be positive"
                            .formatted(sequenceLength, sequencesPerBatch, maxTokens, threads));
        }
    }

    /** All tokens, in fp32, on one thread. */
    public static Evaluation whole(int sequenceLength) {
        return new Evaluation(sequenceLength, 8, Long.MAX_VALUE, Precision.FP32, 1);
    }

    /**
     * The loss of {@code model} on {@code heldOut}.
     *
     * @throws TrainingException {@code TOO_FEW_TOKENS}, {@code TOKEN_OUT_OF_RANGE}, {@code
     *     NON_FINITE} or {@code ENGINE}
     */
    public TextLoss of(Llama model, Tokens heldOut) {
        return of(model, heldOut, _ -> {});
    }

    /**
     * The same, telling on the way.
     *
     * @param scored is told after each batch how many tokens were scored; what it throws ends the
     *     scoring
     */
    public TextLoss of(Llama model, Tokens heldOut, LongConsumer scored) {
        return Libtorch.does("scoring", () -> score(model, heldOut, scored));
    }

    private TextLoss score(Llama model, Tokens heldOut, LongConsumer scored) {
        torch.set_num_threads(threads);
        int length = Math.min(sequenceLength, model.config().maxPositions());
        if (heldOut.count() < 2) {
            throw new TrainingException(
                    Code.TOO_FEW_TOKENS,
                    "%d held-out tokens cannot be scored; at least 2 are needed"
                            .formatted(heldOut.count()));
        }
        long available = (heldOut.count() - 1 + length - 1) / length;
        long chosen = Math.min(available, Math.max(1, (maxTokens - 1) / length + 1));
        double nats = 0;
        long tokens = 0;
        long[] starts = new long[sequencesPerBatch];
        int waiting = 0;
        for (long i = 0; i < chosen; i++) {
            long start = Math.floorDiv(Math.multiplyExact(i, available), chosen) * length;
            int size = (int) Math.min(length, heldOut.count() - 1 - start);
            if (size < length) { // the last window is its own batch
                nats += batchNats(model, heldOut, new long[] {start}, size);
                tokens += size;
                scored.accept(tokens);
                continue;
            }
            starts[waiting++] = start;
            tokens += length;
            if (waiting == starts.length) {
                nats += batchNats(model, heldOut, starts, length);
                waiting = 0;
                scored.accept(tokens);
            }
        }
        if (waiting > 0) {
            nats += batchNats(model, heldOut, Arrays.copyOf(starts, waiting), length);
        }
        return TextLoss.of(nats / tokens, (double) heldOut.bytes() / heldOut.count(), tokens);
    }

    private double batchNats(Llama model, Tokens tokens, long[] starts, int length) {
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            TokenBatch batch =
                    TokenBatch.read(tokens, starts, length, model.config().vocabularySize());
            double mean = Loss.mean(model, batch, precision);
            if (!Double.isFinite(mean)) {
                throw new TrainingException(
                        Code.NON_FINITE,
                        "the held-out loss is %s: the weights are damaged".formatted(mean));
            }
            return mean * starts.length * length;
        }
    }
}
