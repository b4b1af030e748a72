package dev.tapestry.training;

import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Turns a member's gradients towards everybody's: g ← g − c_own + c_shared, where c_own is the mean
 * of the member's gradients in its last round and c_shared the mean of that over members (SCAFFOLD,
 * arXiv 1910.06378; there c_own comes from the movement of the weights, which tells nothing of the
 * gradients where an optimiser normalises them).
 */
final class ControlVariate implements AutoCloseable {

    /** The name of c_shared − c_own in a checkpoint. */
    static final String CORRECTION = "gradients.correction";

    /** The name of the sum of the gradients counted so far in a checkpoint. */
    static final String COUNTED = "gradients.counted";

    private final NativeTensors owned = new NativeTensors();
    private final ParameterLayout layout;
    private final Tensor sum;
    private final Tensor correction;
    private long steps;

    ControlVariate(FlatParameters parameters) {
        layout = parameters.layout();
        try (PointerScope _ = new PointerScope()) {
            sum = owned.keep(parameters.values().new_zeros(layout.elements()));
            correction = owned.keep(parameters.values().new_zeros(layout.elements()));
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

    /** Takes the mean of the gradients before their correction; the next step begins a new one. */
    void endMean() {
        if (steps > 0) {
            sum.div_(new Scalar((double) steps));
        }
        steps = 0;
    }

    /** Writes the mean that was ended last, before the next step. */
    void writeMean(ModelDirectory base, Path target) {
        ModelFiles.writeLike(base, target, layout, slot -> ModelFiles.part(sum, slot));
    }

    /** From now on c_own and c_shared are these. */
    void correct(ModelDirectory own, ModelDirectory shared) {
        correction.zero_();
        ModelFiles.addDifference(shared, own, _ -> true, layout, correction);
    }

    /** From now on c_shared − c_own is this. */
    void correct(ModelDirectory difference) {
        correction.zero_();
        ModelFiles.add(difference, layout, correction);
    }

    /** From now on gradients stay as they are. */
    void correctNothing() {
        correction.zero_();
    }

    /** Steps whose gradients are counted since the last mean. */
    long steps() {
        return steps;
    }

    /** Their sum, {@code [elements]}; of no meaning where none is counted. */
    Tensor counted() {
        return sum;
    }

    /** Goes on where so many steps were counted; their sum is written into {@link #counted}. */
    void goOnAfter(long counted) {
        steps = counted;
    }

    /** c_shared − c_own, {@code [elements]}. */
    Tensor correction() {
        return correction;
    }

    @Override
    public void close() {
        owned.close();
    }
}
