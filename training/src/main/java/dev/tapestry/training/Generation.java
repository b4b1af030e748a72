package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Continues a text with a model, one token after the other, in fp32. Keys and values of earlier
 * tokens are kept.
 */
public final class Generation {

    private final Llama model;

    /** Generates with {@code model}, which must stay open. */
    public Generation(Llama model) {
        this.model = model;
    }

    /**
     * The tokens that follow {@code prompt}: at most {@code maxTokens}, no further than the model's
     * positions reach, and not beyond its end token, which is the last one if it comes.
     *
     * @param prompt at least one id
     * @throws TrainingException {@code TOKEN_OUT_OF_RANGE}, or {@code INVALID_PLAN} for a prompt
     *     that is empty or too long
     */
    public List<Integer> continued(List<Integer> prompt, int maxTokens, Sampling sampling) {
        OptionalInt end = model.config().endToken();
        return continued(prompt, maxTokens, sampling, token -> end.equals(OptionalInt.of(token)));
    }

    /** The same, not beyond the first token that is an end to {@code ends}. */
    public List<Integer> continued(
            List<Integer> prompt, int maxTokens, Sampling sampling, IntPredicate ends) {
        TokenChooser chooser = new TokenChooser(sampling);
        List<Integer> generated = new ArrayList<>();
        int positions =
                Math.min(model.config().maxPositions(), prompt.size() + Math.max(0, maxTokens));
        try (KeyValueCache cache = new KeyValueCache(model, Math.max(1, positions))) {
            int[] next = prompt.stream().mapToInt(Integer::intValue).toArray();
            while (generated.size() < maxTokens) {
                int token = chooser.choose(logits(next, cache));
                generated.add(token);
                if (ends.test(token) || cache.length() == positions) {
                    break;
                }
                next = new int[] {token};
            }
        }
        return List.copyOf(generated);
    }

    /**
     * Logits {@code [vocab]} of the token after {@code ids}: what implementations are compared by.
     */
    public float[] logitsAfter(List<Integer> ids) {
        try (KeyValueCache cache = new KeyValueCache(model, Math.max(1, ids.size()))) {
            return logits(ids.stream().mapToInt(Integer::intValue).toArray(), cache);
        }
    }

    private float[] logits(int[] ids, KeyValueCache cache) {
        if (ids.length == 0 || cache.length() + ids.length > model.config().maxPositions()) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "a prompt needs 1 to %d tokens, not %d"
                            .formatted(model.config().maxPositions(), cache.length() + ids.length));
        }
        long[] wide = Arrays.stream(ids).asLongStream().toArray();
        TokenBatch.check(wide, cache.length(), model.config().vocabularySize());
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            Tensor batch = Tensor.create(wide, 1, wide.length);
            Tensor logits = model.forward().logits(batch, Precision.FP32, cache);
            cache.advance(ids.length);
            Tensor last = logits.select(1, ids.length - 1L).to(ScalarType.Float);
            float[] numbers = new float[Math.toIntExact(last.numel())];
            TensorMemory.read(last, memory -> MemorySegment.ofArray(numbers).copyFrom(memory));
            return numbers;
        }
    }
}
