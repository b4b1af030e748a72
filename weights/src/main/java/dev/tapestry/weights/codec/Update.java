package dev.tapestry.weights.codec;

import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.util.SequencedMap;

/**
 * What is encoded: named tensors of F32 that are read piece by piece and never held as a whole.
 *
 * <p>Several threads read at once.
 */
public interface Update {

    /** Names and shapes, sorted by name; all of dtype F32. */
    SequencedMap<String, TensorSpec> tensors();

    /**
     * Puts numbers of tensor {@code tensor} into {@code values}, from its beginning.
     *
     * @param first the first number's index, row-major
     * @param count how many, at most {@code values.length}
     */
    void read(String tensor, long first, int count, float[] values);

    /**
     * The update of a member: Δ = θ − θₘ, subtracted in F32 after both were widened.
     *
     * @param base θ
     * @param trained θₘ, with the same tensors and shapes; other dtypes than the base's are fine
     * @throws dev.tapestry.weights.WeightsException {@code TENSOR} or {@code SHAPE} if they differ
     */
    static Update between(ModelDirectory base, ModelDirectory trained) {
        return ModelDifference.of(base, trained);
    }

    /** Tensors that are an update already, widened to F32. */
    static Update of(ModelDirectory tensors) {
        return new ModelTensors(tensors);
    }
}
