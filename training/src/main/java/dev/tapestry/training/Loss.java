package dev.tapestry.training;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Cross-entropy of the next token, in nats, by chunks of positions.
 *
 * <p>With h the last hidden states {@code [positions, width]}, W the output matrix {@code [vocab,
 * width]} and y the tokens that follow:
 *
 * <pre>
 * z = hWᵀ    p = softmax(z)    loss = mean(log Σ exp z − z[y])
 * ∂loss/∂z = (p − onehot(y)) / positions    ∂loss/∂h = ∂loss/∂z · W    ∂loss/∂W = (∂loss/∂z)ᵀ · h
 * </pre>
 *
 * <p>Both derivatives are taken while a chunk's logits are still in the processor's cache, so that
 * logits never exist for all positions.
 */
final class Loss {

    /** Logits of a chunk: 4 MiB in fp32, which second- and third-level caches hold. */
    private static final long CHUNK_ELEMENTS = 1 << 20;

    /** On a GPU: 256 MiB, since each chunk's loss is waited for. */
    private static final long GPU_CHUNK_ELEMENTS = 1 << 26;

    private Loss() {}

    /** Mean over all predictions of a batch; nothing is recorded. */
    static double mean(Llama model, TokenBatch batch, Precision precision) {
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            Tensor hidden = flat(model.forward().hidden(batch.inputs(), precision, null));
            Tensor targets = TensorMemory.beside(hidden, batch.targets()).view(-1, 1);
            double nats = 0;
            for (long start = 0, size; start < hidden.size(0); start += size) {
                size = chunk(model, hidden, start);
                try (PointerScope _ = new PointerScope()) {
                    Tensor logits =
                            model.forward().output(hidden.narrow(0, start, size), precision);
                    Tensor probabilities = torch.softmax(logits, -1);
                    nats += nats(logits, probabilities, targets.narrow(0, start, size));
                }
            }
            return nats / hidden.size(0);
        }
    }

    /**
     * Adds the derivative of {@code share} times the mean loss by the output matrix to its
     * gradient, and puts that by the last hidden states into {@code slope}. To be called with
     * gradients off.
     *
     * @param hidden {@code [positions, width]}
     * @param targets {@code [positions, 1]}
     * @param slope as hidden
     * @return the mean loss
     */
    static double backward(
            Llama model,
            Tensor hidden,
            Tensor targets,
            Tensor slope,
            double share,
            Precision precision) {
        try (PointerScope _ = new PointerScope()) {
            MatrixProduct linear = MatrixProduct.of(precision);
            Tensor inputs = linear.operand(hidden);
            Tensor head = linear.operand(model.forward().head());
            Tensor gradient = model.forward().head().mutable_grad();
            Scalar scale = new Scalar(share / hidden.size(0));
            double nats = 0;
            for (long start = 0, size; start < hidden.size(0); start += size) {
                size = chunk(model, hidden, start);
                nats +=
                        chunkBackward(
                                linear,
                                inputs.narrow(0, start, size),
                                head,
                                targets.narrow(0, start, size),
                                slope.narrow(0, start, size),
                                gradient,
                                scale);
            }
            return nats / hidden.size(0);
        }
    }

    private static double chunkBackward(
            MatrixProduct linear,
            Tensor hidden,
            Tensor head,
            Tensor targets,
            Tensor slope,
            Tensor gradient,
            Scalar scale) {
        try (PointerScope _ = new PointerScope()) {
            Tensor logits = linear.forward(hidden, head);
            Tensor probabilities = torch.softmax(logits, -1);
            double nats = nats(logits, probabilities, targets);
            probabilities.scatter_add_(
                    1,
                    targets,
                    torch.full_like(targets, new Scalar(-1.0)).to(logits.scalar_type()));
            Tensor slopes = linear.operand(probabilities);
            linear.putInput(slope, slopes, head, scale);
            linear.addWeight(gradient, slopes, hidden, scale);
            return nats;
        }
    }

    /** Sum of log Σ exp z − z[y], where log Σ exp z = max z − log max p. */
    private static double nats(Tensor logits, Tensor probabilities, Tensor targets) {
        long[] last = {-1};
        Tensor normaliser = logits.amax(last, true).sub(probabilities.amax(last, true).log());
        return normaliser.sub(logits.gather(1, targets)).sum().item_double();
    }

    private static long chunk(Llama model, Tensor hidden, long start) {
        long elements = hidden.is_cpu() ? CHUNK_ELEMENTS : GPU_CHUNK_ELEMENTS;
        long most = Math.max(64, elements / model.config().vocabularySize());
        return Math.min(most, hidden.size(0) - start);
    }

    private static Tensor flat(Tensor hidden) {
        return hidden.view(-1, hidden.size(-1));
    }
}
