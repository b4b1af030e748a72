package dev.tapestry.training;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

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
 * @param mask zero where a query may look and −∞ where not, {@code [shared · seq, seq]}
 */
record CausalAttention(Tensor mask, double factor) {

    /** ∂/∂Q, ∂/∂K and ∂/∂V. */
    record Slopes(Tensor query, Tensor key, Tensor value) {}

    static CausalAttention of(LlamaConfig config, long length, torch.ScalarType type) {
        Tensor future =
                torch.full(new long[] {length, length}, new Scalar(Double.NEGATIVE_INFINITY))
                        .to(type)
                        .triu(1);
        long shared = config.attentionHeads() / config.keyValueHeads();
        return new CausalAttention(
                future.repeat(shared, 1), 1 / Math.sqrt((double) config.headSize()));
    }

    /** P. */
    Tensor weights(Tensor query, Tensor key) {
        Tensor scores =
                torch.baddbmm(
                        mask, query, key.transpose(1, 2), new Scalar(1.0), new Scalar(factor));
        torch.softmax_out(scores, scores, -1);
        return scores;
    }

    Slopes backward(
            Tensor slope, Tensor query, Tensor key, Tensor value, Tensor weights, Tensor mixed) {
        Tensor valueSlope = torch.bmm(weights.transpose(1, 2), slope);
        Tensor rows = slope.mul(mixed).sum(new long[] {2}, true, new ScalarTypeOptional());
        Tensor scores =
                torch.baddbmm(
                                rows,
                                slope,
                                value.transpose(1, 2),
                                new Scalar(-factor),
                                new Scalar(factor))
                        .mul_(weights);
        return new Slopes(
                torch.bmm(scores, key), torch.bmm(scores.transpose(1, 2), query), valueSlope);
    }
}
