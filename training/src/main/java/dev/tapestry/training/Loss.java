package dev.tapestry.training;

import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

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
     * Of each position the log-probability of its target, in nats; nothing is recorded.
     *
     * @param hidden {@code [positions, width]}
     * @param targets {@code [positions, 1]}
     */
    static double[] logProbabilities(
            Llama model, Tensor hidden, Tensor targets, Precision precision) {
        double[] all = new double[Math.toIntExact(hidden.size(0))];
        try (GradientsOff _ = new GradientsOff()) {
            for (long start = 0, size; start < hidden.size(0); start += size) {
                size = chunk(model, hidden, start);
                try (PointerScope _ = new PointerScope()) {
                    Tensor logits =
                            model.forward().output(hidden.narrow(0, start, size), precision);
                    Tensor nats =
                            positions(
                                    logits,
                                    torch.softmax(logits, -1),
                                    targets.narrow(0, start, size));
                    int at = Math.toIntExact(start);
                    TensorMemory.read(
                            nats.neg().to(ScalarType.Double).contiguous(),
                            memory ->
                                    MemorySegment.ofArray(all)
                                            .asSlice(8L * at, memory.byteSize())
                                            .copyFrom(memory));
                }
            }
        }
        return all;
    }

    /**
     * What the loss of each position counts, and what keeps the model near another.
     *
     * @param weights {@code [positions, 1]}, of the model's number format; also negative
     * @param targets {@code [positions, 1]}
     * @param teacher whose predictions are held to as well; or null
     */
    record Weighted(Tensor targets, Tensor weights, @Nullable Teacher teacher) {}

    /**
     * Another model with the same vocabulary: to the loss of each position {@code factor} times
     * KL(q‖p) is added, with q what it predicts there.
     *
     * @param hidden its last hidden states, {@code [positions, width]}
     * @param head its output matrix
     */
    record Teacher(Tensor hidden, Tensor head, double factor) {}

    /**
     * The same as {@link #backward(Llama, Tensor, Tensor, Tensor, double, Precision)} for the sum
     * over positions of weight · (log Σ exp z − z[y] + factor · KL(q‖p)), whose derivative by z is
     * weight · ((1 + factor)·p − onehot(y) − factor·q).
     *
     * @return the weighted sum of the cross-entropies, and of the divergences without the factor
     */
    static Sums backward(
            Llama model, Tensor hidden, Weighted batch, Tensor slope, Precision precision) {
        try (PointerScope _ = new PointerScope()) {
            MatrixProduct linear = MatrixProduct.of(precision);
            Tensor inputs = linear.operand(hidden);
            Tensor head = linear.operand(model.forward().head());
            Tensor gradient = model.forward().head().mutable_grad();
            Sums sums = new Sums(0, 0);
            for (long start = 0, size; start < hidden.size(0); start += size) {
                size = chunk(model, hidden, start);
                sums =
                        sums.plus(
                                weightedChunk(
                                        linear,
                                        inputs.narrow(0, start, size),
                                        head,
                                        part(batch, start, size),
                                        slope.narrow(0, start, size),
                                        gradient));
            }
            return sums;
        }
    }

    /** Nats of the cross-entropy and of the divergence. */
    record Sums(double nats, double divergence) {
        Sums plus(Sums other) {
            return new Sums(nats + other.nats, divergence + other.divergence);
        }
    }

    private static Weighted part(Weighted batch, long start, long size) {
        Teacher teacher = batch.teacher();
        return new Weighted(
                batch.targets().narrow(0, start, size),
                batch.weights().narrow(0, start, size),
                teacher == null
                        ? null
                        : new Teacher(
                                teacher.hidden().narrow(0, start, size),
                                teacher.head(),
                                teacher.factor()));
    }

    private static Sums weightedChunk(
            MatrixProduct linear,
            Tensor hidden,
            Tensor head,
            Weighted batch,
            Tensor slope,
            Tensor gradient) {
        try (PointerScope _ = new PointerScope()) {
            Tensor logits = linear.forward(hidden, head);
            Tensor probabilities = torch.softmax(logits, -1);
            Tensor nats = positions(logits, probabilities, batch.targets());
            double divergence = 0;
            Teacher teacher = batch.teacher();
            if (teacher != null) {
                Tensor other =
                        linear.forward(
                                linear.operand(teacher.hidden()), linear.operand(teacher.head()));
                Tensor taught = torch.softmax(other, -1);
                Tensor each =
                        taught.mul(torch.log_softmax(other, -1).sub_(torch.log_softmax(logits, -1)))
                                .sum(new long[] {-1}, true, new ScalarTypeOptional());
                divergence = each.mul_(batch.weights()).sum().item_double();
                probabilities.mul_(new Scalar(1 + teacher.factor()));
                probabilities.sub_(taught, new Scalar(teacher.factor()));
            }
            probabilities.scatter_add_(
                    1,
                    batch.targets(),
                    torch.full_like(batch.targets(), new Scalar(-1.0)).to(logits.scalar_type()));
            probabilities.mul_(batch.weights());
            Tensor slopes = linear.operand(probabilities);
            linear.putInput(slope, slopes, head, new Scalar(1.0));
            linear.addWeight(gradient, slopes, hidden, new Scalar(1.0));
            return new Sums(nats.mul_(batch.weights()).sum().item_double(), divergence);
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

    private static double nats(Tensor logits, Tensor probabilities, Tensor targets) {
        return positions(logits, probabilities, targets).sum().item_double();
    }

    /** log Σ exp z − z[y] of each, {@code [positions, 1]}; log Σ exp z = max z − log max p. */
    private static Tensor positions(Tensor logits, Tensor probabilities, Tensor targets) {
        long[] last = {-1};
        Tensor normaliser = logits.amax(last, true).sub(probabilities.amax(last, true).log());
        return normaliser.sub(logits.gather(1, targets));
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
