package dev.tapestry.training;

import dev.tapestry.training.FlatParameters.Trained;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * (q, k, v) = [Q; K; V]·s + b, one product in both directions. As in {@link LlamaForward} the rows
 * of each head of q and k are regrouped so that RoPE's partners are neighbours.
 */
final class QueryKeyValue {

    private final LlamaConfig config;
    private final MatrixProduct linear;
    private final Trained matrix;
    private final @Nullable Trained bias;

    QueryKeyValue(
            LlamaConfig config,
            FlatParameters parameters,
            int layer,
            MatrixProduct linear,
            NativeTensors owner) {
        this.config = config;
        this.linear = linear;
        matrix =
                parameters.trained(
                        ParameterLayout.layer(layer, "self_attn.q_proj"),
                        ParameterLayout.layer(layer, "self_attn.v_proj"),
                        owner);
        bias =
                config.architecture().queryKeyValueBias()
                        ? parameters.vector(
                                ParameterLayout.bias(layer, "self_attn.q_proj"),
                                ParameterLayout.bias(layer, "self_attn.v_proj"),
                                owner)
                        : null;
    }

    /** The matrix, regrouped and as products take it. */
    Tensor operand() {
        return linear.operand(regrouped(matrix.weights()));
    }

    /** Rows of q, k and v, {@code [positions, all heads · headSize]}. */
    Tensor forward(Tensor seen, Tensor operand) {
        Tensor flat = linear.forward(seen, operand);
        return bias == null ? flat : flat.add(regrouped(bias.weights()));
    }

    /** Adds the derivatives by weights; returns that by what is seen. */
    Tensor backward(Tensor slope, Tensor seen, Tensor operand) {
        if (bias != null) {
            add(bias.gradient(), slope.sum(0));
        }
        Tensor by = linear.operand(slope);
        Tensor gradient = torch.zeros_like(matrix.weights());
        linear.addWeight(gradient, by, seen, new Scalar(1.0));
        add(matrix.gradient(), gradient);
        return linear.input(by, operand);
    }

    private Tensor regrouped(Tensor weights) {
        Tensor regrouped = weights.clone();
        pairs(regrouped).copy_(halves(weights).transpose(1, 2));
        return regrouped;
    }

    private void add(Tensor sum, Tensor regrouped) {
        halves(sum).add_(pairs(regrouped).transpose(1, 2));
        long rows = turnedRows();
        sum.narrow(0, rows, config.keyValueSize())
                .add_(regrouped.narrow(0, rows, config.keyValueSize()));
    }

    /** The rows of q and k as {@code [heads, 2, headSize / 2, columns]}. */
    private Tensor halves(Tensor rows) {
        return turned(rows, 2, config.headSize() / 2);
    }

    /** The same, regrouped: {@code [heads, headSize / 2, 2, columns]}. */
    private Tensor pairs(Tensor rows) {
        return turned(rows, config.headSize() / 2, 2);
    }

    private Tensor turned(Tensor rows, long outer, long inner) {
        long heads = (long) config.attentionHeads() + config.keyValueHeads();
        return rows.narrow(0, 0, turnedRows()).view(heads, outer, inner, -1);
    }

    private long turnedRows() {
        return (long) config.querySize() + config.keyValueSize();
    }
}
