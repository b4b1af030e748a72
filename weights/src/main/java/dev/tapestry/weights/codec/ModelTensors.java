package dev.tapestry.weights.codec;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.Residency;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.SequencedMap;
import java.util.TreeMap;

/** The tensors of a model directory as F32. */
record ModelTensors(ModelDirectory model) implements Update {

    @Override
    public SequencedMap<String, TensorSpec> tensors() {
        SequencedMap<String, TensorSpec> wide = new TreeMap<>();
        model.tensors().forEach((name, spec) -> wide.put(name, spec.as(DType.F32)));
        return wide;
    }

    @Override
    public void read(String tensor, long first, int count, float[] values) {
        DType dtype = model.tensor(tensor).dtype();
        MemorySegment whole = model.data(tensor);
        long offset = first * dtype.bytes();
        long bytes = (long) count * dtype.bytes();
        MemorySegment from = whole.asSlice(offset, bytes);
        FloatConversion.widen(
                dtype, from, MemorySegment.ofArray(values).asSlice(0, (long) count * Float.BYTES));
        Residency.release(whole, offset, bytes);
    }
}
