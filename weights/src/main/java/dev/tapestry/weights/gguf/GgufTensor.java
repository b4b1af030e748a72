package dev.tapestry.weights.gguf;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor on its way into a GGUF file.
 *
 * @param name its name there
 * @param shape outermost dimension first
 * @param format how its numbers are stored
 * @param source where they come from
 */
record GgufTensor(String name, List<Long> shape, TensorFormat format, Source source) {

    /** Where numbers come from. */
    sealed interface Source {

        /**
         * A tensor of the model directory.
         *
         * @param rotaryHeads the number of heads whose rows change their order; 0 where rows stay
         */
        record Stored(TensorSpec spec, int rotaryHeads) implements Source {}

        /** What follows from the configuration: one row. */
        record Computed(List<Float> numbers) implements Source {}
    }

    /** Numbers in all. */
    long elements() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** Elements of one row: the innermost dimension. */
    long rowElements() {
        return shape.getLast();
    }

    /** The rows of a matrix; 1 for a vector. */
    long rows() {
        return elements() / rowElements();
    }

    /** The bytes of its data, without padding. */
    long bytes() {
        return format.bytes(elements());
    }

    /** Puts a row's numbers into {@code floats}, which holds F32. */
    void read(ModelDirectory model, long row, MemorySegment floats) {
        switch (source) {
            case Source.Stored(TensorSpec spec, int _) -> {
                DType dtype = spec.dtype();
                long bytes = rowElements() * dtype.bytes();
                FloatConversion.widen(
                        dtype,
                        model.data(spec.name()).asSlice(sourceRow(row) * bytes, bytes),
                        floats);
            }
            case Source.Computed(List<Float> numbers) -> {
                for (int i = 0; i < numbers.size(); i++) {
                    floats.set(FloatConversion.FLOAT_LE, 4L * i, numbers.get(i));
                }
            }
        }
    }

    /** The row of the source that becomes row {@code row}: (i, half) comes from (half, i). */
    long sourceRow(long row) {
        int rotaryHeads =
                switch (source) {
                    case Source.Stored(TensorSpec _, int heads) -> heads;
                    case Source.Computed _ -> 0;
                };
        if (rotaryHeads == 0) {
            return row;
        }
        long headRows = rows() / rotaryHeads;
        long head = row / headRows;
        long inHead = row % headRows;
        return head * headRows + inHead % 2 * (headRows / 2) + inHead / 2;
    }
}
