package dev.tapestry.training;

import dev.tapestry.training.FlatParameters.Trained;
import dev.tapestry.weights.architecture.NormPlacement;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Half a decoder layer, forward and backward with derivatives written out. What is seen goes
 * through the part g that subclasses are, and its product by a matrix W back to the residual
 * stream:
 *
 * <pre>
 * norm before:  y = x + W·g(norm(x))    norm after:  y = x + norm(W·g(x))
 * </pre>
 *
 * <p>Values are {@code [positions, width]}. What takes part in products is as they take it.
 *
 * @param <S> what g's way back needs beside what it saw
 */
abstract class Block<S> implements AutoCloseable {

    private final NormPlacement placement;
    private final RmsNorm norm;
    private final Trained normWeight;
    private final Trained out;
    private final MatrixProduct linear;
    private final NativeTensors recorded = new NativeTensors();
    private final NativeTensors output = new NativeTensors();
    private @Nullable Tensor input;
    private @Nullable Pass<S> pass;

    Block(LlamaConfig config, Precision precision, Trained normWeight, Trained out) {
        this.placement = config.architecture().normPlacement();
        this.norm = new RmsNorm(config.rmsNormEpsilon());
        this.normWeight = normWeight;
        this.out = out;
        this.linear = MatrixProduct.of(precision);
    }

    /** g's value {@code [positions, inner]} and what to keep. */
    record Inner<S>(Tensor value, S state) {}

    /** Computes g of what is seen; names what shall be kept by {@link #keep}. */
    abstract Inner<S> compute(Tensor seen);

    /** Adds the derivatives by g's weights; returns that by what is seen, given that by g. */
    abstract Tensor differentiate(Tensor slope, Tensor seen, S state);

    /**
     * A forward pass.
     *
     * @param seen by g
     * @param back W
     * @param unscaled what the norm divides by its length: x, or W·g(x)
     * @param scale one over that length
     */
    private record Pass<S>(
            Tensor y, Tensor seen, Inner<S> inner, Tensor back, Tensor unscaled, Tensor scale) {}

    private Pass<S> pass(Tensor x) {
        return switch (placement) {
            case BEFORE -> {
                Tensor scale = keep(norm.scale(x));
                Tensor seen = keep(linear.operand(norm.forward(x, scale, normWeight.weights())));
                Inner<S> inner = compute(seen);
                Tensor back = keep(linear.operand(out.weights()));
                Tensor y = linear.forwardOnto(x, inner.value(), back);
                yield new Pass<>(y, seen, inner, back, x, scale);
            }
            case AFTER -> {
                Tensor seen = keep(linear.operand(x));
                Inner<S> inner = compute(seen);
                Tensor back = keep(linear.operand(out.weights()));
                Tensor result = keep(linear.forward(inner.value(), back));
                Tensor scale = keep(norm.scale(result));
                Tensor y = x.add(norm.forward(result, scale, normWeight.weights()));
                yield new Pass<>(y, seen, inner, back, result, scale);
            }
        };
    }

    private void differentiate(Tensor slope, Pass<S> known) {
        switch (placement) {
            case BEFORE -> normBackward(slope, inward(slope, known), known);
            case AFTER -> {
                Tensor result = torch.zeros_like(slope);
                normBackward(result, slope, known);
                slope.add_(inward(result, known));
            }
        }
    }

    /** The derivative by what is seen, given that by W·g. */
    private Tensor inward(Tensor slope, Pass<S> known) {
        Tensor by = linear.operand(slope);
        linear.addWeight(out.gradient(), by, known.inner().value(), new Scalar(1.0));
        return differentiate(linear.input(by, known.back()), known.seen(), known.inner().state());
    }

    private void normBackward(Tensor sum, Tensor slope, Pass<S> known) {
        norm.backward(
                sum,
                normWeight.gradient(),
                slope,
                known.unscaled(),
                known.scale(),
                normWeight.weights());
    }

    /** The products of this block. */
    final MatrixProduct linear() {
        return linear;
    }

    /** Keeps a value until the way back has passed. */
    final Tensor keep(Tensor tensor) {
        return recorded.keep(tensor);
    }

    /** y, valid until the way back has passed. */
    final Tensor forward(Tensor x) {
        try (PointerScope _ = new PointerScope()) {
            Pass<S> passed = pass(x);
            input = x;
            pass = passed;
            return output.keep(passed.y());
        }
    }

    /** Releases all but y: the way back computes it again. */
    final void forget() {
        recorded.close();
        pass = null;
    }

    /** Turns the derivative by y, {@code slope}, into that by x; forgets the pass. */
    final void backward(Tensor slope) {
        try (PointerScope _ = new PointerScope()) {
            Tensor x = Objects.requireNonNull(input, "backward before forward");
            Pass<S> known = pass;
            differentiate(slope, known == null ? pass(x) : known);
        } finally {
            close();
        }
    }

    @Override
    public void close() {
        forget();
        output.close();
        input = null;
    }
}
