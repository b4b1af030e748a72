package dev.tapestry.training;

import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.TrainingException.Code;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * How probable answers are to a model: of each id that shall be learnt, the logarithm of its
 * probability given those before it. Texts of like length are taken together.
 *
 * @param tokensPerBatch bounds memory
 * @param precision of matrix products
 * @param threads that libtorch uses
 */
public record AnswerScoring(int tokensPerBatch, Precision precision, int threads) {

    public AnswerScoring {
        if (tokensPerBatch < 1 || threads < 1) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "scoring: tokensPerBatch %d and threads %d must be positive"
                            .formatted(tokensPerBatch, threads));
        }
    }

    /** In fp32, with the batch's threads and some thousand tokens at a time. */
    public static AnswerScoring of(TrainingPlan plan) {
        return new AnswerScoring(1 << 13, plan.precision(), plan.threads());
    }

    /**
     * Mean loss of the ids that shall be learnt.
     *
     * @param natsPerToken mean cross-entropy
     * @param tokens how many ids
     */
    public record AnswerLoss(double natsPerToken, long tokens) {}

    /**
     * The loss of {@code model} on answers.
     *
     * @throws TrainingException {@code NON_FINITE}, {@code TOKEN_OUT_OF_RANGE}, {@code
     *     TOO_FEW_TOKENS} or {@code ENGINE}
     */
    public AnswerLoss loss(Llama model, List<ChatTokens> texts) {
        double nats = 0;
        long tokens = 0;
        for (double[] text : logProbabilities(model, texts, _ -> {})) {
            nats -= Arrays.stream(text).sum();
            tokens += text.length;
        }
        if (tokens == 0) {
            throw new TrainingException(
                    Code.TOO_FEW_TOKENS, "there is no held-out answer to be scored");
        }
        if (!Double.isFinite(nats)) {
            throw new TrainingException(
                    Code.NON_FINITE,
                    "the held-out loss is %s: the weights are damaged".formatted(nats));
        }
        return new AnswerLoss(nats / tokens, tokens);
    }

    /**
     * Of each text, the log-probabilities of the ids that shall be learnt, in their order.
     *
     * @param scored is told how many texts are done; what it throws ends the scoring
     */
    public List<double[]> logProbabilities(
            Llama model, List<ChatTokens> texts, LongConsumer scored) {
        return Libtorch.does("scoring answers", () -> score(model, texts, scored));
    }

    private List<double[]> score(Llama model, List<ChatTokens> texts, LongConsumer scored) {
        torch.set_num_threads(threads);
        List<Integer> order =
                IntStream.range(0, texts.size())
                        .boxed()
                        .sorted(Comparator.comparingInt(i -> texts.get(i).length()))
                        .toList();
        double[][] all = new double[texts.size()][];
        List<Integer> waiting = new ArrayList<>();
        long done = 0;
        for (int i : order) {
            long size = (waiting.size() + 1L) * texts.get(i).length();
            if (!waiting.isEmpty() && size > tokensPerBatch) {
                done += flush(model, texts, waiting, all);
                scored.accept(done);
            }
            waiting.add(i);
        }
        if (!waiting.isEmpty()) {
            done += flush(model, texts, waiting, all);
            scored.accept(done);
        }
        return List.of(all);
    }

    /** What fills a shorter text up comes after it: causal attention never looks there. */
    private int flush(Llama model, List<ChatTokens> texts, List<Integer> waiting, double[][] all) {
        int length =
                Math.max(
                        1,
                        waiting.stream().mapToInt(i -> texts.get(i).length() - 1).max().orElse(1));
        if (length > model.config().maxPositions()) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "a text of %d tokens is longer than the model's max_position_embeddings %d"
                            .formatted(length + 1, model.config().maxPositions()));
        }
        long[] inputs = new long[waiting.size() * length];
        long[] targets = new long[inputs.length];
        for (int row = 0; row < waiting.size(); row++) {
            long[] ids = Arrays.stream(texts.get(waiting.get(row)).ids()).asLongStream().toArray();
            TokenBatch.check(ids, 0, model.config().vocabularySize());
            System.arraycopy(ids, 0, inputs, row * length, Math.max(0, ids.length - 1));
            System.arraycopy(ids, 1, targets, row * length, Math.max(0, ids.length - 1));
        }
        double[] found;
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            Tensor ids = Tensor.create(inputs, waiting.size(), length);
            Tensor hidden = model.forward().hidden(ids, precision, null);
            Tensor flat = hidden.reshape(-1, hidden.size(-1));
            Tensor next = TensorMemory.beside(flat, Tensor.create(targets, targets.length, 1));
            found = Loss.logProbabilities(model, flat, next, precision);
        }
        for (int row = 0; row < waiting.size(); row++) {
            ChatTokens text = texts.get(waiting.get(row));
            int from = row * length;
            all[waiting.get(row)] =
                    IntStream.range(1, text.length())
                            .filter(text::learns)
                            .mapToDouble(i -> found[from + i - 1])
                            .toArray();
        }
        int count = waiting.size();
        waiting.clear();
        return count;
    }
}
