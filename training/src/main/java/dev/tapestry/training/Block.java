package dev.tapestry.training;

import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Half a decoder layer, y = x + f(norm(x)), forward and backward with derivatives written out.
 * Values are {@code [positions, width]}.
 *
 * @param <S> what the way back needs beside x
 */
abstract class Block<S> implements AutoCloseable {

    private final NativeTensors recorded = new NativeTensors();
    private final NativeTensors output = new NativeTensors();
    private @Nullable Tensor input;
    private @Nullable S state;

    /** Computes f and names what shall be kept by {@link #keep}. */
    abstract Output<S> compute(Tensor x);

    /** Adds the derivative by x to {@code slope}, which holds that by y, and those by weights. */
    abstract void differentiate(Tensor slope, Tensor x, S state);

    /** y and what to keep. */
    record Output<S>(Tensor y, S state) {}

    /** Keeps a value until the way back has passed. */
    final Tensor keep(Tensor tensor) {
        return recorded.keep(tensor);
    }

    /** y, valid until the way back has passed. */
    final Tensor forward(Tensor x) {
        try (PointerScope _ = new PointerScope()) {
            Output<S> result = compute(x);
            input = x;
            state = result.state();
            return output.keep(result.y());
        }
    }

    /** Releases all but y: the way back computes it again. */
    final void forget() {
        recorded.close();
        state = null;
    }

    /** Turns the derivative by y, {@code slope}, into that by x; forgets the pass. */
    final void backward(Tensor slope) {
        try (PointerScope _ = new PointerScope()) {
            Tensor x = Objects.requireNonNull(input, "backward before forward");
            S known = state;
            differentiate(slope, x, known == null ? compute(x).state() : known);
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
