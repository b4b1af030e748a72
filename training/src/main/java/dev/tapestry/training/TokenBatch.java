package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Sequences to predict.
 *
 * @param inputs ids, {@code [batch, seq]}
 * @param targets the ids that follow them, {@code [batch, seq]}
 */
record TokenBatch(Tensor inputs, Tensor targets) {

    /**
     * Reads windows of {@code length + 1} ids.
     *
     * @param starts first position of each window
     * @throws TrainingException {@code TOKEN_OUT_OF_RANGE}
     */
    static TokenBatch read(Tokens tokens, long[] starts, int length, int vocabularySize) {
        return read(
                Arrays.stream(starts).mapToObj(start -> new Window(tokens, start)).toList(),
                length,
                vocabularySize);
    }

    /** Where a sequence is read, and from which of its tokens on. */
    record Window(Tokens tokens, long start) {}

    /** The same from several texts. */
    static TokenBatch read(List<Window> windows, int length, int vocabularySize) {
        long[] inputs = new long[Math.multiplyExact(windows.size(), length)];
        long[] targets = new long[inputs.length];
        long[] ids = new long[length + 1];
        for (int i = 0; i < windows.size(); i++) {
            Window window = windows.get(i);
            window.tokens().read(window.start(), ids);
            check(ids, window.start(), vocabularySize);
            System.arraycopy(ids, 0, inputs, i * length, length);
            System.arraycopy(ids, 1, targets, i * length, length);
        }
        return new TokenBatch(
                Tensor.create(inputs, windows.size(), length),
                Tensor.create(targets, windows.size(), length));
    }

    /** Refuses ids that are not in the vocabulary: libtorch would read beyond the embedding. */
    static void check(long[] ids, long start, int vocabularySize) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabularySize) {
                throw new TrainingException(
                        Code.TOKEN_OUT_OF_RANGE,
                        "token %d at position %d is not in the vocabulary of %d: the text was encoded with another tokenizer"
                                .formatted(ids[i], start + i, vocabularySize));
            }
        }
    }
}
