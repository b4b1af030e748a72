package dev.tapestry.training;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Causal attention with grouped queries (arXiv:2305.13245) by matrix products, and its derivative:
 *
 * <pre>
 * P = softmax(QKᵀ/√d + mask)    O = PV
 * ∂/∂V = Pᵀ·∂/∂O    S′ = P ∘ (∂/∂O·Vᵀ − rowsum(∂/∂O ∘ O))    ∂/∂Q = S′K/√d    ∂/∂K = S′ᵀQ/√d
 * </pre>
 *
 * <p>The query heads that share a key head lie below one another, so that one product serves all of
 * them and its transpose sums over them. Shapes, with {@code groups} = sequences · key heads: Q, O
 * {@code [groups, shared · seq, d]}; K, V {@code [groups, seq, d]}; P {@code [groups, shared · seq,
 * seq]}.
 *
 * <p>Where the precision rounds the operands of products, those of QKᵀ are not: what a softmax
 * turns into weights is as exact as the model's. P is then kept in bf16. S′ takes the difference of
 * two numbers that nearly cancel, of which the second stays in fp32, and is rounded at the end.
 *
 * <p>Where several texts lie in one sequence, each has a number of its own and a query looks at the
 * keys of its text only. The weights of all others are exactly 0, so that what comes out for a text
 * is what comes out for it alone.
 *
 * <p>P grows with the square of the length. Longer sequences are therefore taken in blocks of
 * queries, each of which looks at the keys up to its own end; P is then not kept, and the way back
 * computes each block's again (as in arXiv:2205.14135, without its blocks of keys).
 *
 * @param mask zero where a query may look and −∞ where not, {@code [seq, seq]}
 * @param shared query heads for each key head
 * @param block queries of a head that are taken at once
 * @param linear the products
 * @param texts the number of each position's text, {@code [sequences, seq]}; null where each
 *     sequence is one text
 */
record CausalAttention(
        Tensor mask,
        long shared,
        double factor,
        long block,
        MatrixProduct linear,
        @Nullable Tensor texts) {

    /** Up to here P is kept whole: 512 queries of 512 keys are a megabyte for each head. */
    private static final long WHOLE = 512;

    private static final long BLOCK = 256;

    /** O, and P if it is kept. */
    record Attended(Tensor mixed, @Nullable Tensor weights) {}

    /** ∂/∂Q, ∂/∂K and ∂/∂V. */
    record Slopes(Tensor query, Tensor key, Tensor value) {}

    /** For sequences of {@code length}, in the number format and on the device of {@code like}. */
    static CausalAttention of(LlamaConfig config, long length, Tensor like, MatrixProduct linear) {
        return of(config, length, like, length <= WHOLE ? length : BLOCK, linear);
    }

    /** The same with so many queries at once. */
    static CausalAttention of(
            LlamaConfig config, long length, Tensor like, long block, MatrixProduct linear) {
        return new CausalAttention(
                mask(config, length, like),
                config.attentionHeads() / config.keyValueHeads(),
                1 / Math.sqrt((double) config.headSize()),
                block,
                linear,
                null);
    }

    /** Hides the future and what lies before the window, if there is one. */
    private static Tensor mask(LlamaConfig config, long length, Tensor like) {
        Tensor hidden =
                like.new_full(new long[] {length, length}, new Scalar(Double.NEGATIVE_INFINITY));
        Tensor future = hidden.triu(1);
        int window = config.variant().window(Math.toIntExact(length));
        return window < length ? future.add(hidden.tril(-window)) : future;
    }

    /** The same where the positions of each sequence belong to these texts. */
    CausalAttention within(Tensor numbers) {
        return new CausalAttention(mask, shared, factor, block, linear, numbers);
    }

    Attended forward(Tensor query, Tensor key, Tensor value) {
        if (whole()) {
            Tensor weights = weights(query, key, 0);
            return new Attended(linear.batched(weights, value), weights);
        }
        Tensor mixed = torch.empty_like(query);
        for (long from = 0; from < length(); from += block) {
            try (PointerScope _ = new PointerScope()) {
                Tensor weights = weights(queries(query, from), until(key, from), from);
                rows(mixed, from).copy_(rows(linear.batched(weights, until(value, from))));
            }
        }
        return new Attended(mixed, null);
    }

    Slopes backward(Tensor slope, Tensor query, Tensor key, Tensor value, Attended attended) {
        Tensor weights = attended.weights();
        if (weights != null) {
            return backward(slope, query, key, value, attended.mixed(), weights);
        }
        Slopes all =
                new Slopes(torch.empty_like(query), torch.zeros_like(key), torch.zeros_like(value));
        for (long from = 0; from < length(); from += block) {
            try (PointerScope _ = new PointerScope()) {
                Tensor own = queries(query, from);
                Tensor keys = until(key, from);
                Slopes part =
                        backward(
                                queries(slope, from),
                                own,
                                keys,
                                until(value, from),
                                queries(attended.mixed(), from),
                                weights(own, keys, from));
                rows(all.query(), from).copy_(rows(part.query()));
                until(all.key(), from).add_(part.key());
                until(all.value(), from).add_(part.value());
            }
        }
        return all;
    }

    private Slopes backward(
            Tensor slope, Tensor query, Tensor key, Tensor value, Tensor mixed, Tensor weights) {
        Tensor by = linear.operand(slope);
        Tensor valueSlope = linear.batched(weights.transpose(1, 2), by);
        Tensor rows = slope.mul(mixed).sum(new long[] {2}, true, new ScalarTypeOptional());
        Tensor scores =
                linear.operand(
                        linear.batchedLess(by, value.transpose(1, 2), rows, factor).mul_(weights));
        return new Slopes(
                linear.batched(scores, key),
                linear.batched(scores.transpose(1, 2), query),
                valueSlope);
    }

    /** P of the queries that begin at {@code from}. */
    private Tensor weights(Tensor query, Tensor key, long from) {
        Tensor seen =
                seen(from, query.size(1) / shared, key.size(1), query.size(0)).repeat(repeats());
        Tensor scores =
                torch.baddbmm(
                        seen, query, key.transpose(1, 2), new Scalar(1.0), new Scalar(factor));
        torch.softmax_out(scores, scores, -1);
        return linear.operand(scores);
    }

    /** What queries may look at: {@code [block, end]}, or {@code [groups, block, end]} by texts. */
    private Tensor seen(long from, long queries, long end, long groups) {
        Tensor past = mask.narrow(0, from, queries).narrow(1, 0, end);
        if (texts == null) {
            return past;
        }
        Tensor others =
                texts.narrow(1, from, queries)
                        .unsqueeze(2)
                        .ne(texts.narrow(1, 0, end).unsqueeze(1));
        return past.expand(texts.size(0), queries, end)
                .masked_fill(others, new Scalar(Double.NEGATIVE_INFINITY))
                .unsqueeze(1)
                .expand(texts.size(0), groups / texts.size(0), queries, end)
                .reshape(groups, queries, end);
    }

    /** The query heads that share a key head lie below one another. */
    private long[] repeats() {
        return texts == null ? new long[] {shared, 1} : new long[] {1, shared, 1};
    }

    private long length() {
        return mask.size(0);
    }

    private boolean whole() {
        return block >= length();
    }

    private long end(long from) {
        return Math.min(length(), from + block);
    }

    /** The keys or values that a block may look at, {@code [groups, end, d]}. */
    private Tensor until(Tensor keys, long from) {
        return keys.narrow(1, 0, end(from));
    }

    /** A block of what has a row for each query, {@code [groups, shared · block, d]}. */
    private Tensor queries(Tensor all, long from) {
        return rows(all, from).reshape(all.size(0), -1, all.size(2));
    }

    /** The same in place, {@code [groups, shared, block, d]}. */
    private Tensor rows(Tensor all, long from) {
        return rows(all).narrow(2, from, end(from) - from);
    }

    private Tensor rows(Tensor all) {
        return all.view(all.size(0), shared, -1, all.size(2));
    }
}
