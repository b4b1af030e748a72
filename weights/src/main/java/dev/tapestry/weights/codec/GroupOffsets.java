package dev.tapestry.weights.codec;

import dev.tapestry.weights.Residency;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.lang.foreign.MemorySegment;

/** Where the groups of one tensor lie in its bytes; eight bytes per 262,144 numbers. */
final class GroupOffsets {

    private final long[] begins;

    private GroupOffsets(long[] begins) {
        this.begins = begins;
    }

    /**
     * Goes from group to group; refused with {@code PAYLOAD} unless they end where the bytes do.
     */
    static GroupOffsets of(GroupCoder coder, TensorSpec spec, MemorySegment payload) {
        long elements = spec.elements();
        long[] begins = new long[Math.toIntExact(Codec.groups(elements) + 1)];
        for (int group = 0; group < begins.length - 1; group++) {
            long begin = begins[group];
            int count = Codec.count(elements, group);
            long length = coder.length(payload, begin, count);
            if (length > coder.maxBytes(count) || length > payload.byteSize() - begin) {
                throw new WeightsException(
                        Code.PAYLOAD,
                        "tensor '%s', byte %d of its payload: group %d of %d numbers needs %d bytes, at most %d are possible and %d left"
                                .formatted(
                                        spec.name(),
                                        begin,
                                        group,
                                        count,
                                        length,
                                        coder.maxBytes(count),
                                        payload.byteSize() - begin));
            }
            begins[group + 1] = begin + length;
        }
        long end = begins[begins.length - 1];
        if (end != payload.byteSize()) {
            throw new WeightsException(
                    Code.PAYLOAD,
                    "tensor '%s', byte %d of its payload: %d bytes follow the last group"
                            .formatted(spec.name(), end, payload.byteSize() - end));
        }
        Residency.release(payload); // a length here and there, and all that is mapped around
        return new GroupOffsets(begins);
    }

    long begin(long group) {
        return begins[(int) group];
    }

    int length(long group) {
        return (int) (begins[(int) group + 1] - begins[(int) group]);
    }
}
