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

    /** Puts the values of a half-precision member into {@code target}, as F32. */
    void widen(Kernels kernels, long first, MemorySegment target, long targetOffset, int count) {
        if (dtype != DType.BF16) {
            throw new AggregationException(
                    AggregationException.Code.TENSORS_DIFFER,
                    "contributions are F32 or BF16, not " + dtype);
        }
        kernels.widen(data, first * dtype.bytes(), target, targetOffset, count);
    }

    /** Hands the pages of these elements back. */
    void release(long first, long count) {
        PassedPages.release(data, first * dtype.bytes(), count * dtype.bytes());
    }
}
