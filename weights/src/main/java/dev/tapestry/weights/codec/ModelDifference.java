package dev.tapestry.weights.codec;

import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.util.SequencedMap;

/** Δ = θ − θₘ. */
record ModelDifference(ModelTensors base, ModelTensors trained) implements Update {

    /** Numbers of θₘ that are widened at once. */
    private static final int PIECE = 1 << 14;

    static ModelDifference of(ModelDirectory base, ModelDirectory trained) {
        ModelDifference difference =
                new ModelDifference(new ModelTensors(base), new ModelTensors(trained));
        SameTensors.require(
                difference.base.tensors(),
                difference.trained.tensors(),
                "the trained model in " + trained.path());
        return difference;
    }

    @Override
    public SequencedMap<String, TensorSpec> tensors() {
        return base.tensors();
    }

    @Override
    public void read(String tensor, long first, int count, float[] values) {
        base.read(tensor, first, count, values);
        float[] piece = new float[Math.min(PIECE, count)];
        for (int done = 0; done < count; done += PIECE) {
            int length = Math.min(PIECE, count - done);
            trained.read(tensor, first + done, length, piece);
            for (int i = 0; i < length; i++) {
                values[done + i] -= piece[i];
            }
        }
    }
}
