package dev.tapestry.training;

import dev.tapestry.training.ParameterLayout.Slot;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Turns a member's gradients towards everybody's: g ← g − c_own + c_shared, where c_own is the mean
 * of the member's gradients in its last round and c_shared the mean of that over members (SCAFFOLD,
 * arXiv 1910.06378; there c_own comes from the movement of the weights, which tells nothing of the
 * gradients where an optimiser normalises them).
 */
final class ControlVariate implements AutoCloseable {

    private final NativeTensors owned = new NativeTensors();
    private final Tensor sum;
    private final Tensor correction;
    private final SequencedMap<String, Tensor> sums = new LinkedHashMap<>();
    private final SequencedMap<String, Tensor> corrections = new LinkedHashMap<>();
    private long steps;

    ControlVariate(FlatParameters parameters) {
        try (PointerScope _ = new PointerScope()) {
            sum = owned.keep(torch.zeros_like(parameters.values()));
            correction = owned.keep(torch.zeros_like(parameters.values()));
            for (Slot slot : parameters.layout().slots().values()) {
                sums.put(slot.name(), owned.keep(slot.of(sum)));
                corrections.put(slot.name(), owned.keep(slot.of(correction)));
            }
        }
    }

    /** Counts a step's gradients in, {@code [elements]}, and corrects them in place. */
    void apply(Tensor gradients) {
        if (steps == 0) {
            sum.zero_();
        }
        sum.add_(gradients);
        gradients.add_(correction);
        steps++;
    }

    /** Writes the mean of the gradients before their correction, and begins a new one. */
    void exportMean(Path target) {
        if (steps > 0) {
            sum.div_(new Scalar((double) steps));
        }
        steps = 0;
        NamedBuffers.write(sums, target);
    }

    /** From now on c_own and c_shared are these. */
    void correct(ModelDirectory own, ModelDirectory shared) {
        correction.zero_();
        NamedBuffers.addDifference(shared, own, corrections);
    }

    /** Steps since the mean was last exported. */
    long steps() {
        return steps;
    }

    /** Goes on from a state that was saved after so many steps. */
    void resume(long stepsOfSum) {
        steps = stepsOfSum;
    }

    /** The state by name, each buffer one-dimensional; what is written into it counts. */
    SequencedMap<String, Tensor> state() {
        SequencedMap<String, Tensor> state = new LinkedHashMap<>();
        state.put("gradient_sum", sum);
        state.put("correction", correction);
        return state;
    }

    @Override
    public void close() {
        owned.close();
    }
}
