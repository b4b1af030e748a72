package dev.tapestry.aggregation;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.lang.foreign.MemorySegment;

/**
 * One tensor of one member, mapped from its file.
 *
 * @param data the member's values
 * @param dtype F32 or BF16
 */
record MemberTensor(MemorySegment data, DType dtype) {

    static MemberTensor of(ModelDirectory model, String name) {
        return new MemberTensor(model.data(name), model.tensor(name).dtype());
    }

    /** Puts {@code count} values from element {@code first} on into {@code target}, as F32. */
    void read(Kernels kernels, long first, float[] target, int count) {
        switch (dtype) {
            case F32 ->
                    MemorySegment.copy(
                            data, ScalarKernels.F32, first * Float.BYTES, target, 0, count);
            case BF16 -> kernels.widen(data, first * Short.BYTES, target, count);
            case F16, U8 ->
                    throw new AggregationException(
                            AggregationException.Code.TENSORS_DIFFER,
                            "contributions are F32 or BF16, not " + dtype);
        }
    }

    /** The values of a window, as F32; their pages are handed back. */
    float[] floats(Window window) {
        float[] values = new float[window.count()];
        long at = window.first() * dtype.bytes();
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (dtype) {
                        case F32 -> data.get(ScalarKernels.F32, at + (long) i * Float.BYTES);
                        case BF16 ->
                                Float.intBitsToFloat(
                                        data.get(ScalarKernels.BF16, at + (long) i * Short.BYTES)
                                                << 16);
                        case F16 ->
                                Float.float16ToFloat(
                                        data.get(ScalarKernels.BF16, at + (long) i * Short.BYTES));
                        case U8 ->
                                throw new AggregationException(
                                        AggregationException.Code.TENSORS_DIFFER,
                                        "models that are merged hold numbers, not U8");
                    };
        }
        release(window.first(), window.count());
        return values;
    }

    /** Hands the pages of these elements back. */
    void release(long first, long count) {
        PassedPages.release(data, first * dtype.bytes(), count * dtype.bytes());
    }
}
