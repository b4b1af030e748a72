package dev.tapestry.aggregation;

import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * One tensor of a merge: where its numbers come from and where they go. All but the members' are
 * F32.
 *
 * @param spec name and shape
 * @param base θ
 * @param members θₘ in the order of member ids
 * @param momentum b before this merge
 * @param target takes the new θ
 * @param newMomentum takes the new b; present exactly if the rule has μ > 0
 */
record TensorMerge(
        TensorSpec spec,
        MemorySegment base,
        List<MemberTensor> members,
        Optional<MemorySegment> momentum,
        ShardSink target,
        Optional<ShardSink> newMomentum) {

    String name() {
        return spec.name();
    }

    /**
     * Whether the norm-preserving direction is for this tensor: a matrix that is no embedding. The
     * rows of an embedding are moved by few tokens each, so their common norm means nothing.
     */
    boolean isHiddenMatrix() {
        return spec.shape().size() == 2
                && !spec.name().contains("embed_tokens")
                && !spec.name().contains("lm_head");
    }

    /** Hands the pages of these elements back, in all files that are read. */
    void release(long first, long count) {
        PassedPages.release(base, first * Float.BYTES, count * Float.BYTES);
        members.forEach(member -> member.release(first, count));
        momentum.ifPresent(
                segment -> PassedPages.release(segment, first * Float.BYTES, count * Float.BYTES));
    }
}
