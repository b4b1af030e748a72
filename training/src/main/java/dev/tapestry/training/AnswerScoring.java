package dev.tapestry.training;

import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.TrainingException.Code;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * How probable answers are to a model: of each id that shall be learnt, the logarithm of its
 * probability given those before it. Texts of like length are taken together, and of texts that
 * differ in their last id only one goes through the model.
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
        Map<IntBuffer, List<Integer>> rows = new LinkedHashMap<>();
        IntStream.range(0, texts.size())
                .boxed()
                .sorted(Comparator.comparingInt(i -> texts.get(i).length()))
                .forEach(i ->
                        rows.computeIfAbsent(seen(texts.get(i)), _ -> new ArrayList<>()).add(i));
        double[][] all = new double[texts.size()][];
        List<Row> waiting = new ArrayList<>();
        long done = 0;
        for (Map.Entry<IntBuffer, List<Integer>> next : rows.entrySet()) {
            Row row = new Row(next.getKey(), next.getValue());
            long size = (waiting.size() + 1L) * row.seen().remaining();
            if (!waiting.isEmpty() && size > tokensPerBatch) {
                done += flush(model, texts, waiting, all);
                scored.accept(done);
            }
            waiting.add(row);
        }
        if (!waiting.isEmpty()) {
            done += flush(model, texts, waiting, all);
            scored.accept(done);
        }
        return List.of(all);
    }

    /** Texts that differ in nothing but their last id, of which one pass tells all. */
    private record Row(IntBuffer seen, List<Integer> texts) {}

    /** The ids that something is predicted from: all but the last. */
    private static IntBuffer seen(ChatTokens text) {
        return IntBuffer.wrap(text.ids(), 0, Math.max(0, text.length() - 1));
    }

    /** An id that is to be learnt, and where in the batch it is predicted. */
    private record Place(int text, int position, int id) {}

    /**
     * What fills a shorter text up comes after it: causal attention never looks there. Logits are
     * computed only where an id shall be learnt.
     */
    private int flush(Llama model, List<ChatTokens> texts, List<Row> waiting, double[][] all) {
        int length =
                Math.max(1, waiting.stream().mapToInt(r -> r.seen().remaining()).max().orElse(1));
        if (length > model.config().maxPositions()) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "a text of %d tokens is longer than the model's max_position_embeddings %d"
                            .formatted(length + 1, model.config().maxPositions()));
        }
        long[] inputs = new long[waiting.size() * length];
        List<Place> places = new ArrayList<>();
        int count = 0;
        for (int row = 0; row < waiting.size(); row++) {
            for (int i : waiting.get(row).texts()) {
                ChatTokens text = texts.get(i);
                long[] ids = Arrays.stream(text.ids()).asLongStream().toArray();
                TokenBatch.check(ids, 0, model.config().vocabularySize());
                System.arraycopy(ids, 0, inputs, row * length, Math.max(0, ids.length - 1));
                for (int at = 1; at < ids.length; at++) {
                    if (text.learns(at)) {
                        places.add(new Place(i, row * length + at - 1, (int) ids[at]));
                    }
                }
                all[i] = new double[0];
                count++;
            }
        }
        if (!places.isEmpty()) {
            double[] found = predicted(model, inputs, length, places);
            for (int from = 0, to; from < places.size(); from = to) {
                int text = places.get(from).text();
                to = from;
                while (to < places.size() && places.get(to).text() == text) {
                    to++;
                }
                all[text] = Arrays.copyOfRange(found, from, to);
            }
        }
        waiting.clear();
        return count;
    }

    private double[] predicted(Llama model, long[] inputs, int length, List<Place> places) {
        long[] positions = places.stream().mapToLong(Place::position).toArray();
        long[] targets = places.stream().mapToLong(Place::id).toArray();
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            Tensor ids = Tensor.create(inputs, inputs.length / length, length);
            Tensor hidden = model.forward().hidden(ids, precision, null);
            Tensor flat = hidden.reshape(-1, hidden.size(-1));
            Tensor asked =
                    flat.index_select(
                            0,
                            TensorMemory.beside(flat, Tensor.create(positions, positions.length)));
            Tensor next = TensorMemory.beside(flat, Tensor.create(targets, targets.length, 1));
            return Loss.logProbabilities(model, asked, next, precision);
        }
    }
}
