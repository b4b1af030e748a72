package dev.tapestry.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Loss and gradient of a Llama, with derivatives written out: the same numbers as autograd on
 * {@link LlamaForward} gives, up to rounding, in less time. Why, see docs/decisions on the gradient
 * by hand.
 *
 * <p>Belongs to one thread at a time.
 */
final class LlamaGradient implements AutoCloseable {

    private final Llama model;
    private final Precision precision;
    private final boolean recompute;
    private final NativeTensors owned = new NativeTensors();
    private final List<Block<?>> blocks = new ArrayList<>();
    private final RmsNorm norm;
    private final FlatParameters.Trained embedding;
    private final FlatParameters.Trained lastNorm;
    private AttentionBlock.@Nullable Sight sight;

    /**
     * @param recompute the way back computes each layer's values again, so that only one layer's
     *     are held at a time
     */
    LlamaGradient(Llama model, Precision precision, boolean recompute) {
        this.model = model;
        this.precision = precision;
        this.recompute = recompute;
        LlamaConfig config = model.config();
        FlatParameters parameters = model.parameters();
        norm = new RmsNorm(config.rmsNormEpsilon());
        embedding = parameters.trained("model.embed_tokens.weight", owned);
        lastNorm = parameters.trained("model.norm.weight", owned);
        for (int i = 0; i < config.layers(); i++) {
            blocks.add(new AttentionBlock(config, parameters, i, precision, this::sight, owned));
            blocks.add(new FeedForwardBlock(config, parameters, i, precision, owned));
        }
    }

    /**
     * Adds the gradient of {@code share} times the mean loss to the model's gradients.
     *
     * @return the mean loss, nats per token
     */
    double add(TokenBatch batch, double share) {
        return pass(
                batch.inputs(),
                () -> look(batch.inputs().size(0), batch.inputs().size(1)),
                (hidden, slope) ->
                        Loss.backward(
                                model,
                                hidden,
                                TensorMemory.beside(hidden, batch.targets()).view(-1, 1),
                                slope,
                                share,
                                precision));
    }

    /**
     * Adds the gradient of the sum over positions of weight · (−log p(target)), and what holds the
     * model near another one.
     *
     * @param weights of each position, row by row; 0 where nothing is learnt
     * @param anchor which model it is held to, if any
     */
    Loss.Sums add(PackedBatch batch, double[] weights, @Nullable Anchor anchor) {
        return add(batch, _ -> weights, anchor, false);
    }

    /** The same where the weights depend on how probable the targets are. */
    Loss.Sums add(PackedBatch batch, UnaryOperator<double[]> weights) {
        return add(batch, weights, null, true);
    }

    private Loss.Sums add(
            PackedBatch batch,
            UnaryOperator<double[]> weights,
            @Nullable Anchor anchor,
            boolean judged) {
        return pass(
                batch.inputs(),
                () -> look(batch),
                (hidden, slope) -> {
                    Tensor targets = TensorMemory.beside(hidden, batch.targets()).view(-1, 1);
                    double[] known =
                            judged
                                    ? Loss.logProbabilities(model, hidden, targets, precision)
                                    : new double[0];
                    Tensor by =
                            TensorMemory.beside(
                                    hidden,
                                    Tensor.create(weights.apply(known))
                                            .to(hidden.scalar_type())
                                            .view(-1, 1));
                    Loss.Teacher teacher =
                            anchor == null ? null : anchor.teacher(batch, hidden, precision);
                    return Loss.backward(
                            model,
                            hidden,
                            new Loss.Weighted(targets, by, teacher),
                            slope,
                            precision);
                });
    }

    /** Computes the loss of hidden states and puts its derivative by them into {@code slope}. */
    private interface Ending<T> {
        T of(Tensor hidden, Tensor slope);
    }

    private <T> T pass(Tensor inputs, Runnable looking, Ending<T> ending) {
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            looking.run();
            Tensor ids = TensorMemory.beside(embedding.weights(), inputs).view(-1);
            Tensor x = torch.embedding(embedding.weights(), ids);
            for (Block<?> block : blocks) {
                x = block.forward(x);
                if (recompute) {
                    block.forget();
                }
            }
            Tensor scale = norm.scale(x);
            Tensor hidden = norm.forward(x, scale, lastNorm.weights());
            Tensor hiddenSlope = torch.empty_like(hidden);
            T loss = ending.of(hidden, hiddenSlope);
            Tensor slope = torch.zeros_like(x);
            norm.backward(slope, lastNorm.gradient(), hiddenSlope, x, scale, lastNorm.weights());
            for (Block<?> block : blocks.reversed()) {
                block.backward(slope);
            }
            embedding
                    .gradient()
                    .add_(
                            torch.embedding_dense_backward(
                                    slope, ids, model.config().vocabularySize(), -1, false));
            return loss;
        } finally {
            blocks.forEach(Block::close);
            if (sight != null && sight.attention().texts() != null) {
                sight = null; // a packed batch's lies in the scope that ends here
            }
        }
    }

    private AttentionBlock.Sight sight() {
        return Objects.requireNonNull(sight, "no batch is seen");
    }

    private void look(long sequences, long length) {
        AttentionBlock.Sight seen = sight;
        if (seen != null && seen.sequences() == sequences && seen.length() == length) {
            return;
        }
        try (PointerScope _ = new PointerScope()) {
            Tensor turn = owned.keep(model.forward().turns(0, length));
            CausalAttention attention =
                    CausalAttention.of(
                            model.config(),
                            length,
                            model.parameters().values(),
                            MatrixProduct.of(precision));
            owned.keep(attention.mask());
            sight =
                    new AttentionBlock.Sight(
                            sequences,
                            length,
                            turn,
                            owned.keep(turn.conj().resolve_conj()),
                            attention);
        }
    }

    /** Texts side by side: each has positions of its own and sees nothing but itself. */
    private void look(PackedBatch batch) {
        long rows = batch.inputs().size(0);
        long length = batch.inputs().size(1);
        Tensor weights = model.parameters().values();
        Tensor positions = TensorMemory.beside(weights, batch.positions()).view(-1);
        Tensor turn =
                model.forward()
                        .turns(0, length)
                        .index_select(1, positions)
                        .view(rows, length, 1, model.config().headSize() / 2);
        CausalAttention attention =
                CausalAttention.of(model.config(), length, weights, MatrixProduct.of(precision))
                        .within(TensorMemory.beside(weights, batch.texts()));
        sight = new AttentionBlock.Sight(rows, length, turn, turn.conj().resolve_conj(), attention);
    }

    @Override
    public void close() {
        blocks.forEach(Block::close);
        owned.close();
    }
}
