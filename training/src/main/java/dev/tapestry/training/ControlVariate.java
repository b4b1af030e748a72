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
    private final Optimizer optimizer;
    private final Tensor sum;
    private final Tensor correction;
    private final SequencedMap<String, Tensor> sums = new LinkedHashMap<>();
    private final SequencedMap<String, Tensor> corrections = new LinkedHashMap<>();
    private Steps current = Steps.NONE;
    private Steps exported = Steps.NONE;

    ControlVariate(FlatParameters parameters, Optimizer optimizer) {
        this.optimizer = optimizer;
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
        if (current.count() == 0) {
            sum.zero_();
        }
        sum.add_(gradients);
        gradients.add_(correction);
    }

    /** Counts a step whose corrected gradients were then scaled by {@code factor}. */
    void stepped(double factor) {
        current = current.and(factor);
    }

    /** Writes the mean of the gradients before their correction, and begins a new one. */
    void exportMean(Path target) {
        if (current.count() > 0) {
            sum.div_(new Scalar((double) current.count()));
        }
        exported = current;
        current = Steps.NONE;
        NamedBuffers.write(sums, target);
    }

    /**
     * From now on c_own and c_shared are these. The optimiser's running mean of the gradients is
     * moved to what it would be had the exported steps had everybody's mean gradient instead of
     * this member's: momentum is everybody's without being sent.
     */
    void correct(ModelDirectory own, ModelDirectory shared) {
        correction.neg_();
        NamedBuffers.addDifference(shared, own, corrections);
        // c_shared − (c_own + the correction that the exported steps had)
        optimizer.moveMomentum(
                correction, exported.meanFactor(), exported.count(), current.count());
        exported = Steps.NONE;
        correction.zero_();
        NamedBuffers.addDifference(shared, own, corrections);
    }

    /** Steps since the mean was last exported. */
    Steps current() {
        return current;
    }

    /** Steps that the last export was the mean of, until it is corrected. */
    Steps exported() {
        return exported;
    }

    /** Goes on from saved counts; the buffers are restored by name. */
    void resume(Steps sinceExport, Steps ofExport) {
        current = sinceExport;
        exported = ofExport;
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

    /** Steps and the sum of the factors by which their gradients were scaled. */
    record Steps(long count, double factors) {
        static final Steps NONE = new Steps(0, 0);

        Steps and(double factor) {
            return new Steps(count + 1, factors + factor);
        }

        double meanFactor() {
            return count == 0 ? 0 : factors / (double) count;
        }
    }
}
