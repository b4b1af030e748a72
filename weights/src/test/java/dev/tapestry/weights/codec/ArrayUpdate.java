package dev.tapestry.weights.codec;

import dev.tapestry.weights.TensorSpec;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/** An update of one tensor that is held in an array. */
final class ArrayUpdate implements Update {

    private final TensorSpec spec;
    private final float[] numbers;

    ArrayUpdate(TensorSpec spec, float[] numbers) {
        this.spec = spec;
        this.numbers = numbers.clone();
    }

    @Override
    public SequencedMap<String, TensorSpec> tensors() {
        return new TreeMap<>(Map.of(spec.name(), spec));
    }

    @Override
    public void read(String tensor, long first, int count, float[] values) {
        System.arraycopy(numbers, (int) first, values, 0, count);
    }
}
