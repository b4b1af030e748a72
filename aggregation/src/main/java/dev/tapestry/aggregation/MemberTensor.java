package dev.tapestry.aggregation;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.lang.foreign.MemorySegment;

/**
 * One tensor of one member, read as its update Δₘ = θ − θₘ.
 *
 * @param data the member's values
 * @param dtype F32 or BF16
 */
record MemberTensor(MemorySegment data, DType dtype) {

    static MemberTensor of(ModelDirectory model, String name) {
        return new MemberTensor(model.data(name), model.tensor(name).dtype());
    }

    /** Fills {@code update} with Δₘ of {@code count} elements from element {@code first}. */
    void update(Kernels kernels, MemorySegment base, long first, float[] update, int count) {
        long baseOffset = first * Float.BYTES;
        switch (dtype) {
            case F32 -> kernels.subtract(base, baseOffset, data, baseOffset, update, count);
            case BF16 -> {
                kernels.widen(data, first * Short.BYTES, update, count);
                kernels.subtractFrom(base, baseOffset, update, count);
            }
            case F16 -> throw halfPrecision();
        }
    }

    /**
     * Fills {@code update} with Δₘ and adds it, times {@code factor}, to {@code sum}; a factor of 0
     * adds nothing.
     *
     * @return ‖Δₘ‖² of these elements
     */
    double addUpdate(
            Kernels kernels,
            MemorySegment base,
            long first,
            float factor,
            float[] update,
            float[] sum,
            int count) {
        if (dtype == DType.F32 && factor != 0) {
            long at = first * Float.BYTES;
            return kernels.accumulate(base, at, data, at, factor, update, sum, count);
        }
        update(kernels, base, first, update, count);
        if (factor != 0) {
            kernels.addScaled(sum, factor, update, count);
        }
        return kernels.dot(update, update, count);
    }

    /** Fills {@code values} with θₘ itself. */
    void values(Kernels kernels, long first, float[] values, int count) {
        switch (dtype) {
            case F32 ->
                    MemorySegment.copy(
                            data, ScalarKernels.F32, first * Float.BYTES, values, 0, count);
            case BF16 -> kernels.widen(data, first * Short.BYTES, values, count);
            case F16 -> throw halfPrecision();
        }
    }

    private static AggregationException halfPrecision() {
        return new AggregationException(
                AggregationException.Code.TENSORS_DIFFER, "contributions are F32 or BF16, not F16");
    }

    /** Hands the pages of these elements back. */
    void release(long first, long count) {
        PassedPages.release(data, first * dtype.bytes(), count * dtype.bytes());
    }
}
