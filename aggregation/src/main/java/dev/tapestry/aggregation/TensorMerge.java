package dev.tapestry.aggregation;

import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/**
 * One tensor of a merge: where its numbers come from. All but the members' are F32.
 *
 * @param spec name and shape
 * @param base θ
 * @param members θₘ in the order of member ids
 * @param state the buffers as the merge before left them; empty in the first
 */
record TensorMerge(
        TensorSpec spec,
        MemorySegment base,
        List<MemberTensor> members,
        Map<Buffer, MemorySegment> state) {

    String name() {
        return spec.name();
    }

    TensorGroup group() {
        return TensorGroup.of(spec.name());
    }

    /**
     * Whether the norm-preserving direction is for this tensor: a matrix that is no embedding. The
     * rows of an embedding are moved by few tokens each, so their common norm means nothing.
     */
    boolean isHiddenMatrix() {
        return isHiddenMatrix(spec);
    }

    static boolean isHiddenMatrix(TensorSpec spec) {
        TensorGroup group = TensorGroup.of(spec.name());
        return spec.shape().size() == 2
                && group != TensorGroup.EMBEDDING
                && group != TensorGroup.HEAD;
    }

    /** Hands the pages of these elements back, in all files that are read. */
    void release(long first, long count) {
        PassedPages.release(base, first * Float.BYTES, count * Float.BYTES);
        members.forEach(member -> member.release(first, count));
        state.values()
                .forEach(segment ->
                        PassedPages.release(segment, first * Float.BYTES, count * Float.BYTES));
    }
}
