package dev.tapestry.training;

import dev.tapestry.training.FlatParameters.Trained;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * y = x + O·attention(RoPE(q), RoPE(k), v) with (q, k, v) = [Q; K; V]·norm(x), one product in both
 * directions. As in {@link LlamaForward} the rows of each head of q and k are regrouped so that
 * RoPE's partners are neighbours.
 */
final class AttentionBlock extends Block<AttentionBlock.State> {

    /** Lengths of the batch at hand, its turns and their inverses, and its mask. */
    record Sight(
            long sequences, long length, Tensor turn, Tensor back, CausalAttention attention) {}

    /**
     * See the class comment and {@link CausalAttention}. What takes part in products is as they
     * take it, {@code regrouped} and {@code back} being the projections' weights.
     */
    record State(
            Tensor scale,
            Tensor normed,
            Tensor regrouped,
            Tensor query,
            Tensor key,
            Tensor value,
            CausalAttention.Attended attended,
            Tensor joined,
            Tensor back) {}

    private final LlamaConfig config;
    private final Supplier<Sight> sight;
    private final RmsNorm norm;
    private final MatrixProduct linear;
    private final Trained normWeight;
    private final Trained queryKeyValue;
    private final Trained out;

    AttentionBlock(
            LlamaConfig config,
            FlatParameters parameters,
            int layer,
            Precision precision,
            Supplier<Sight> sight,
            NativeTensors owner) {
        this.config = config;
        this.sight = sight;
        norm = new RmsNorm(config.rmsNormEpsilon());
        linear = MatrixProduct.of(precision);
        normWeight = parameters.trained(ParameterLayout.layer(layer, "input_layernorm"), owner);
        queryKeyValue =
                parameters.trained(
                        ParameterLayout.layer(layer, "self_attn.q_proj"),
                        ParameterLayout.layer(layer, "self_attn.v_proj"),
                        owner);
        out = parameters.trained(ParameterLayout.layer(layer, "self_attn.o_proj"), owner);
    }

    @Override
    Output<State> compute(Tensor x) {
        Sight seen = sight.get();
        Tensor scale = keep(norm.scale(x));
        Tensor normed = keep(linear.operand(norm.forward(x, scale, normWeight.weights())));
        Tensor regrouped = queryKeyValue.weights().clone();
        pairs(regrouped).copy_(halves(queryKeyValue.weights()).transpose(1, 2));
        regrouped = keep(linear.operand(regrouped));
        Tensor all = heads(linear.forward(normed, regrouped), seen);
        Tensor query = keep(turned(queries(all), seen));
        Tensor key = keep(turned(keys(all), seen));
        Tensor value = keep(values(all).transpose(1, 2).contiguous());
        CausalAttention.Attended attended =
                seen.attention()
                        .forward(groups(query, seen), groups(key, seen), groups(value, seen));
        keep(attended.mixed());
        if (attended.weights() != null) {
            keep(attended.weights());
        }
        Tensor joined =
                keep(
                        linear.operand(
                                attended.mixed()
                                        .view(
                                                seen.sequences(),
                                                config.attentionHeads(),
                                                seen.length(),
                                                config.headSize())
                                        .transpose(1, 2)
                                        .reshape(x.size(0), config.querySize())));
        Tensor back = keep(linear.operand(out.weights()));
        return new Output<>(
                linear.forwardOnto(x, joined, back),
                new State(scale, normed, regrouped, query, key, value, attended, joined, back));
    }

    @Override
    void differentiate(Tensor slope, Tensor x, State state) {
        Sight seen = sight.get();
        Tensor by = linear.operand(slope);
        linear.addWeight(out.gradient(), by, state.joined(), new Scalar(1.0));
        Tensor mixed =
                linear.input(by, state.back())
                        .view(
                                seen.sequences(),
                                seen.length(),
                                config.attentionHeads(),
                                config.headSize())
                        .transpose(1, 2)
                        .contiguous();
        CausalAttention.Slopes slopes =
                seen.attention()
                        .backward(
                                groups(mixed, seen),
                                groups(state.query(), seen),
                                groups(state.key(), seen),
                                groups(state.value(), seen),
                                state.attended());
        Tensor flat = x.new_empty(x.size(0), config.querySize() + 2L * config.keyValueSize());
        Tensor all = heads(flat, seen);
        turnedBack(queries(all), slopes.query(), seen);
        turnedBack(keys(all), slopes.key(), seen);
        values(all).copy_(slopes.value().view(state.value().sizes()).transpose(1, 2));
        flat = linear.operand(flat);
        Tensor gradient = torch.zeros_like(queryKeyValue.weights());
        linear.addWeight(gradient, flat, state.normed(), new Scalar(1.0));
        halves(queryKeyValue.gradient()).add_(pairs(gradient).transpose(1, 2));
        long rows = (long) config.querySize() + config.keyValueSize();
        queryKeyValue
                .gradient()
                .narrow(0, rows, config.keyValueSize())
                .add_(gradient.narrow(0, rows, config.keyValueSize()));
        norm.backward(
                slope,
                normWeight.gradient(),
                linear.input(flat, state.regrouped()),
                x,
                state.scale(),
                normWeight.weights());
    }

    /** {@code [sequences, seq, heads, headSize]} of rows with q, k and v. */
    private Tensor heads(Tensor flat, Sight seen) {
        return flat.view(seen.sequences(), seen.length(), -1, config.headSize());
    }

    private Tensor queries(Tensor heads) {
        return heads.narrow(2, 0, config.attentionHeads());
    }

    private Tensor keys(Tensor heads) {
        return heads.narrow(2, config.attentionHeads(), config.keyValueHeads());
    }

    private Tensor values(Tensor heads) {
        return heads.narrow(
                2, (long) config.attentionHeads() + config.keyValueHeads(), config.keyValueHeads());
    }

    /** {@code [sequences, heads, seq, headSize]}, turned to their positions. */
    private Tensor turned(Tensor heads, Sight seen) {
        Tensor turned = heads.new_empty(heads.size(0), heads.size(2), heads.size(1), heads.size(3));
        torch.mul_out(complex(turned).transpose(1, 2), complex(heads), seen.turn());
        return turned;
    }

    private void turnedBack(Tensor heads, Tensor slopes, Sight seen) {
        Tensor by =
                slopes.view(heads.size(0), heads.size(2), heads.size(1), heads.size(3))
                        .transpose(1, 2);
        torch.mul_out(complex(heads), complex(by), seen.back());
    }

    private Tensor complex(Tensor x) {
        return torch.view_as_complex(x.unflatten(-1, config.headSize() / 2, 2));
    }

    /** {@code [groups, shared · seq, headSize]}. */
    private Tensor groups(Tensor heads, Sight seen) {
        return heads.view(seen.sequences() * config.keyValueHeads(), -1, config.headSize());
    }

    /** The rows of q and k as {@code [heads, 2, headSize / 2, width]}. */
    private Tensor halves(Tensor matrix) {
        return rows(matrix, 2, config.headSize() / 2);
    }

    /** The same, regrouped: {@code [heads, headSize / 2, 2, width]}. */
    private Tensor pairs(Tensor matrix) {
        return rows(matrix, config.headSize() / 2, 2);
    }

    private Tensor rows(Tensor matrix, long outer, long inner) {
        long rows = (long) config.querySize() + config.keyValueSize();
        return matrix.narrow(0, 0, rows).view(-1, outer, inner, config.hiddenSize());
    }
}
