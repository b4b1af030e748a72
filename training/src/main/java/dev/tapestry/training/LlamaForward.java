package dev.tapestry.training;

import dev.tapestry.weights.architecture.Architecture;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The forward pass of a Llama (Touvron et al., arXiv:2302.13971; grouped-query attention:
 * arXiv:2305.13245) and of its relatives, recorded for autograd where gradients are on. The test
 * oracle ReferenceLlama says the same slowly.
 *
 * <p>RoPE (arXiv:2104.09864) turns the pair (i, i + d/2) of each head by the angle position ·
 * θ^(−2i/d). Hugging Face lays a head out as two halves; here the rows of q_proj and k_proj are
 * regrouped so that partners are neighbours, and the turn is one complex product. Scores do not
 * change, since queries and keys are regrouped alike.
 *
 * <p>In bf16 only the matrix products' operands are rounded. Attention stays in fp32 here:
 * libtorch's bf16 attention on processors is slower by an order of magnitude ({@link
 * CausalAttention}, which training uses, is made of products).
 */
final class LlamaForward implements AutoCloseable {

    /** One decoder layer's weights. */
    private record Layer(
            Tensor attentionNorm,
            Projection query,
            Projection key,
            Projection value,
            Tensor output,
            Tensor mlpNorm,
            Tensor gate,
            Tensor up,
            Tensor down) {

        static Layer of(Architecture architecture, FlatParameters parameters, int i) {
            return new Layer(
                    tensor(parameters, i, architecture.attentionNorm()),
                    Projection.of(parameters, i, "self_attn.q_"),
                    Projection.of(parameters, i, "self_attn.k_"),
                    Projection.of(parameters, i, "self_attn.v_"),
                    tensor(parameters, i, "self_attn.o_proj"),
                    tensor(parameters, i, architecture.feedForwardNorm()),
                    tensor(parameters, i, "mlp.gate_proj"),
                    tensor(parameters, i, "mlp.up_proj"),
                    tensor(parameters, i, "mlp.down_proj"));
        }

        private static Tensor tensor(FlatParameters parameters, int i, String part) {
            return parameters.tensor(ParameterLayout.layer(i, part));
        }
    }

    /** A matrix that makes heads, with the bias and the norm that some families have behind it. */
    private record Projection(Tensor weight, @Nullable Tensor bias, @Nullable Tensor norm) {

        static Projection of(FlatParameters parameters, int i, String part) {
            return new Projection(
                    parameters.tensor(ParameterLayout.layer(i, part + "proj")),
                    parameters.find(ParameterLayout.bias(i, part + "proj")),
                    parameters.find(ParameterLayout.layer(i, part + "norm")));
        }
    }

    private final LlamaConfig config;
    private final NativeTensors owned = new NativeTensors();
    private final ScalarType exact;
    private final Tensor embedding;
    private final Tensor lastNorm;
    private final Tensor head;
    private @Nullable Tensor turns;
    private final List<Layer> layers = new ArrayList<>();
    private final TensorOptional noMask;
    private final DoubleOptional usualScale;
    private final long[] width;
    private final DoubleOptional epsilon;

    LlamaForward(LlamaConfig config, FlatParameters parameters) {
        this.config = config;
        this.exact = parameters.type();
        this.width = new long[] {config.hiddenSize()};
        embedding = parameters.tensor("model.embed_tokens.weight");
        lastNorm = parameters.tensor("model.norm.weight");
        head = config.tiedEmbeddings() ? embedding : parameters.tensor("lm_head.weight");
        for (int i = 0; i < config.layers(); i++) {
            layers.add(Layer.of(config.architecture(), parameters, i));
        }
        try (PointerScope _ = new PointerScope()) {
            noMask = owned.keep(new TensorOptional());
            usualScale = owned.keep(new DoubleOptional());
            epsilon = owned.keep(new DoubleOptional(config.rmsNormEpsilon()));
        }
    }

    /**
     * The turns {@code [1, seq, 1, headSize / 2]}, complex, of {@code length} positions from {@code
     * first}. Their table grows with the sequences: a model may be meant for far longer ones than
     * it is ever given.
     */
    Tensor turns(long first, long length) {
        Tensor table = turns;
        if (table == null || table.size(1) < first + length) {
            long known = table == null ? 0 : table.size(1);
            long positions = Math.min(config.maxPositions(), Math.max(first + length, 2 * known));
            try (PointerScope _ = new PointerScope()) {
                Tensor angles = angles((int) positions).to(embedding.device(), exact);
                table = owned.keep(torch.view_as_complex(angles));
            }
            turns = table;
        }
        return table.narrow(1, first, length);
    }

    /** Cosine and sine of each position and pair: {@code [1, positions, 1, headSize / 2, 2]}. */
    private Tensor angles(int positions) {
        int pairs = config.headSize() / 2;
        double[] cosineSine = new double[Math.multiplyExact(positions, pairs * 2)];
        double[] frequencies = new double[pairs];
        Arrays.setAll(frequencies, config::frequency);
        for (int position = 0, at = 0; position < positions; position++) {
            for (int i = 0; i < pairs; i++) {
                double angle = position * frequencies[i];
                cosineSine[at++] = Math.cos(angle);
                cosineSine[at++] = Math.sin(angle);
            }
        }
        return Tensor.create(cosineSine, 1, positions, 1, pairs, 2);
    }

    /**
     * Last hidden states {@code [batch, seq, width]} of token ids {@code [batch, seq]}, normalised,
     * as exact as the weights.
     *
     * @param past what came before, and takes what is new; null where nothing came before
     */
    Tensor hidden(Tensor ids, Precision precision, @Nullable Past past) {
        boolean narrow = precision.resolved() == Precision.BF16;
        Tensor x = torch.embedding(embedding, TensorMemory.beside(embedding, ids));
        for (int i = 0; i < layers.size(); i++) {
            x = layer(x, i, narrow, past);
        }
        return normed(x, lastNorm);
    }

    /** The output matrix {@code [vocab, width]}; the embedding where the two are tied. */
    Tensor head() {
        return head;
    }

    /** Logits {@code [positions, vocab]} of last hidden states {@code [positions, width]}. */
    Tensor output(Tensor hidden, Precision precision) {
        boolean narrow = precision.resolved() == Precision.BF16;
        return widened(product(narrowed(hidden, narrow), head, narrow), narrow);
    }

    /** Logits {@code [batch, seq, vocab]} of token ids {@code [batch, seq]}. */
    Tensor logits(Tensor ids, Precision precision, @Nullable Past past) {
        return output(hidden(ids, precision, past), precision);
    }

    private Tensor layer(Tensor x, int i, boolean narrow, @Nullable Past past) {
        Layer layer = layers.get(i);
        return switch (config.architecture().normPlacement()) {
            case BEFORE -> {
                Tensor seen = narrowed(normed(x, layer.attentionNorm), narrow);
                Tensor mixed = x.add(attention(seen, layer, narrow, past, i));
                Tensor after = narrowed(normed(mixed, layer.mlpNorm), narrow);
                yield mixed.add(feedForward(after, layer, narrow));
            }
            case AFTER -> {
                Tensor attended = attention(narrowed(x, narrow), layer, narrow, past, i);
                Tensor mixed = x.add(normed(widened(attended, narrow), layer.attentionNorm));
                Tensor fed = feedForward(narrowed(mixed, narrow), layer, narrow);
                yield mixed.add(normed(widened(fed, narrow), layer.mlpNorm));
            }
        };
    }

    /** RMSNorm (arXiv:1910.07467): x · (mean(x²) + ε)^−½ · w. */
    private Tensor normed(Tensor x, Tensor weight) {
        return torch.rms_norm(x, width, new TensorOptional(weight), epsilon);
    }

    private Tensor attention(
            Tensor x, Layer layer, boolean narrow, @Nullable Past past, int index) {
        long batch = x.size(0);
        long length = x.size(1);
        Tensor turn = past == null ? turns(0, length) : past.turns(this, length);
        Tensor q = turned(heads(x, layer.query, narrow, past), turn, config.attentionHeads());
        Tensor k = turned(heads(x, layer.key, narrow, past), turn, config.keyValueHeads());
        Tensor v =
                biased(widened(product(x, layer.value.weight, narrow), narrow), layer.value.bias)
                        .view(batch, length, config.keyValueHeads(), config.headSize());
        if (past != null) {
            k = past.appendKeys(index, k);
            v = past.appendValues(index, v);
        }
        boolean windowed = window(k) < k.size(1);
        Tensor mixed =
                past != null && length == 1 && !windowed
                        ? next(q, k, v, past)
                        : attended(q, k, v, past, windowed);
        return product(
                narrowed(mixed.reshape(batch, length, config.querySize()), narrow),
                layer.output,
                narrow);
    }

    /** Positions that a query looks at, its own included, where there are these keys. */
    private int window(Tensor keys) {
        return config.variant().window(Math.toIntExact(keys.size(1)));
    }

    /** {@code [batch, seq, heads, headSize]} of queries, keys and values of such shapes. */
    private Tensor attended(Tensor q, Tensor k, Tensor v, @Nullable Past past, boolean windowed) {
        return torch.scaled_dot_product_attention(
                        q.transpose(1, 2),
                        shared(k).transpose(1, 2),
                        shared(v).transpose(1, 2),
                        windowed
                                ? new TensorOptional(window(q, window(k), k.size(1) - q.size(1)))
                                : mask(past),
                        0.0,
                        !windowed && (past == null || past.isFirst()),
                        usualScale,
                        false)
                .transpose(1, 2);
    }

    /**
     * The same for one new position in each row: the query heads that share a key head take the
     * place of positions, so that no key is repeated for them. The result has shape {@code [batch,
     * keyHeads, group, headSize]}, which lies in memory as the other's.
     */
    private Tensor next(Tensor q, Tensor k, Tensor v, Past past) {
        long heads = config.keyValueHeads();
        return torch.scaled_dot_product_attention(
                q.view(q.size(0), heads, config.attentionHeads() / heads, config.headSize()),
                k.transpose(1, 2),
                v.transpose(1, 2),
                mask(past),
                0.0,
                false,
                usualScale,
                false);
    }

    private TensorOptional mask(@Nullable Past past) {
        Tensor mask = past == null ? null : past.mask();
        return mask == null ? noMask : new TensorOptional(mask);
    }

    /**
     * Queries or keys {@code [batch, seq, heads · headSize]} before they are turned, partners of
     * RoPE side by side. Where text is continued few positions are regrouped, elsewhere the
     * weights, which are fewer than what many positions make of them.
     */
    private Tensor heads(Tensor x, Projection projection, boolean narrow, @Nullable Past past) {
        boolean few = past != null;
        Tensor heads = widened(product(x, grouped(projection.weight, few), narrow), narrow);
        if (projection.bias != null) {
            heads = biased(heads, grouped(projection.bias, few));
        }
        if (projection.norm != null) {
            heads = normedHeads(heads, grouped(projection.norm, few));
        }
        return few
                ? heads.view(x.size(0), x.size(1), -1, 2, config.headSize() / 2)
                        .transpose(3, 4)
                        .reshape(x.size(0), x.size(1), heads.size(2))
                : heads;
    }

    private Tensor grouped(Tensor weight, boolean few) {
        return few ? weight : paired(weight);
    }

    /** Each head, or all of them as one, as long as the weight is. */
    private Tensor normedHeads(Tensor heads, Tensor weight) {
        long size = weight.size(0);
        return torch.rms_norm(
                        heads.view(heads.size(0), heads.size(1), -1, size),
                        new long[] {size},
                        new TensorOptional(weight),
                        epsilon)
                .view(heads.size(0), heads.size(1), -1);
    }

    /**
     * True where a query of {@code x} may look: {@code [length, first + length]}.
     *
     * @param window positions that it looks at, its own included
     * @param first positions that came before x
     */
    private static Tensor window(Tensor x, long window, long first) {
        return x.new_ones(x.size(1), first + x.size(1))
                .tril(first)
                .triu(first - window + 1)
                .to(ScalarType.Bool);
    }

    private static Tensor biased(Tensor x, @Nullable Tensor bias) {
        return bias == null ? x : x.add(bias);
    }

    /** Regroups the rows of each head from halves to pairs; see the class comment. */
    private Tensor paired(Tensor weight) {
        int headSize = config.headSize();
        return weight.view(weight.size(0) / headSize, 2, headSize / 2, -1)
                .transpose(1, 2)
                .reshape(weight.sizes());
    }

    private Tensor turned(Tensor x, Tensor turn, long heads) {
        long batch = x.size(0);
        long length = x.size(1);
        Tensor pairs = x.view(batch, length, heads, config.headSize() / 2, 2);
        return torch.view_as_real(torch.view_as_complex(pairs).mul(turn))
                .view(batch, length, heads, config.headSize());
    }

    /** Repeats each key or value head for the query heads that share it. */
    private Tensor shared(Tensor x) {
        long group = config.attentionHeads() / config.keyValueHeads();
        if (group == 1) {
            return x;
        }
        long batch = x.size(0);
        long length = x.size(1);
        return x.unsqueeze(3)
                .expand(batch, length, config.keyValueHeads(), group, config.headSize())
                .reshape(batch, length, config.attentionHeads(), config.headSize());
    }

    /** SwiGLU (arXiv:2002.05202): down · (silu(gate · x) ⊙ (up · x)). */
    private Tensor feedForward(Tensor x, Layer layer, boolean narrow) {
        Tensor gate = torch.silu(product(x, layer.gate, narrow));
        return product(gate.mul(product(x, layer.up, narrow)), layer.down, narrow);
    }

    private Tensor product(Tensor x, Tensor weight, boolean narrow) {
        return torch.linear(x, narrowed(weight, narrow));
    }

    private static Tensor narrowed(Tensor x, boolean narrow) {
        return narrow ? x.to(ScalarType.BFloat16) : x;
    }

    private Tensor widened(Tensor x, boolean narrow) {
        return narrow ? x.to(exact) : x;
    }

    @Override
    public void close() {
        owned.close();
    }
}
