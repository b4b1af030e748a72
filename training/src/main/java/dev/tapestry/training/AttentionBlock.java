package dev.tapestry.training;

import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * g(s) = attention(RoPE(q), RoPE(k), v) with (q, k, v) of {@link QueryKeyValue}, q and k through
 * their {@link HeadNorm}; see {@link CausalAttention}.
 */
final class AttentionBlock extends Block<AttentionBlock.State> {

    /** Lengths of the batch at hand, its turns and their inverses, and its mask. */
    record Sight(
            long sequences, long length, Tensor turn, Tensor back, CausalAttention attention) {}

    /** See the class comment; {@code into} is the projections' matrix. */
    record State(
            Tensor into,
            HeadNorm.Passed queries,
            HeadNorm.Passed keys,
            Tensor query,
            Tensor key,
            Tensor value,
            CausalAttention.Attended attended) {}

    private final LlamaConfig config;
    private final Supplier<Sight> sight;
    private final QueryKeyValue queryKeyValue;
    private final HeadNorm queryNorm;
    private final HeadNorm keyNorm;

    AttentionBlock(
            LlamaConfig config,
            FlatParameters parameters,
            int layer,
            Precision precision,
            Supplier<Sight> sight,
            NativeTensors owner) {
        super(
                config,
                precision,
                parameters.trained(
                        ParameterLayout.layer(layer, config.architecture().attentionNorm()), owner),
                parameters.trained(ParameterLayout.layer(layer, "self_attn.o_proj"), owner));
        this.config = config;
        this.sight = sight;
        queryKeyValue = new QueryKeyValue(config, parameters, layer, linear(), owner);
        queryNorm = HeadNorm.of(config, parameters, layer, "q_norm", owner);
        keyNorm = HeadNorm.of(config, parameters, layer, "k_norm", owner);
    }

    @Override
    Inner<State> compute(Tensor seen) {
        Sight by = sight.get();
        Tensor into = keep(queryKeyValue.operand());
        Tensor all = heads(queryKeyValue.forward(seen, into), by);
        HeadNorm.Passed queries = queryNorm.forward(queries(all), this::keep);
        HeadNorm.Passed keys = keyNorm.forward(keys(all), this::keep);
        Tensor query = keep(turned(queries.heads(), by));
        Tensor key = keep(turned(keys.heads(), by));
        Tensor value = keep(values(all).transpose(1, 2).contiguous());
        CausalAttention.Attended attended =
                by.attention().forward(groups(query, by), groups(key, by), groups(value, by));
        keep(attended.mixed());
        if (attended.weights() != null) {
            keep(attended.weights());
        }
        Tensor joined =
                keep(
                        linear().operand(
                                        attended.mixed()
                                                .view(
                                                        by.sequences(),
                                                        config.attentionHeads(),
                                                        by.length(),
                                                        config.headSize())
                                                .transpose(1, 2)
                                                .reshape(seen.size(0), config.querySize())));
        return new Inner<>(joined, new State(into, queries, keys, query, key, value, attended));
    }

    @Override
    Tensor differentiate(Tensor slope, Tensor seen, State state) {
        Sight by = sight.get();
        Tensor mixed =
                slope.view(by.sequences(), by.length(), config.attentionHeads(), config.headSize())
                        .transpose(1, 2)
                        .contiguous();
        CausalAttention.Slopes slopes =
                by.attention()
                        .backward(
                                groups(mixed, by),
                                groups(state.query(), by),
                                groups(state.key(), by),
                                groups(state.value(), by),
                                state.attended());
        Tensor flat =
                slope.new_empty(seen.size(0), config.querySize() + 2L * config.keyValueSize());
        Tensor all = heads(flat, by);
        turnedBack(queries(all), slopes.query(), by);
        turnedBack(keys(all), slopes.key(), by);
        values(all).copy_(slopes.value().view(state.value().sizes()).transpose(1, 2));
        queryNorm.backward(queries(all), state.queries());
        keyNorm.backward(keys(all), state.keys());
        return queryKeyValue.backward(flat, seen, state.into());
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
}
