package dev.tapestry.aggregation;

import dev.tapestry.weights.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * Where the base's and the members' values of one chunk are, all as F32: in the mapped files, or
 * widened beside. One thread uses it again for each chunk.
 */
final class Chunk {

    private final int members;
    private final MemorySegment[] values;
    private final long[] offsets;
    private final MemorySegment widened;
    private int count;

    Chunk(int members, Arena arena) {
        this.members = members;
        this.values = new MemorySegment[members + 1];
        Arrays.fill(values, MemorySegment.NULL);
        this.offsets = new long[members + 1];
        this.widened = arena.allocate((long) members * Kernels.CHUNK * Float.BYTES, Long.BYTES);
    }

    /** Goes to {@code count} elements from element {@code first}. */
    void moveTo(
            Kernels kernels,
            MemorySegment base,
            List<MemberTensor> tensors,
            long first,
            int count) {
        this.count = count;
        values[members] = base;
        offsets[members] = first * Float.BYTES;
        for (int slot = 0; slot < members; slot++) {
            MemberTensor tensor = tensors.get(slot);
            if (tensor.dtype() == DType.F32) {
                values[slot] = tensor.data();
                offsets[slot] = first * Float.BYTES;
            } else {
                values[slot] = widened;
                offsets[slot] = (long) slot * Kernels.CHUNK * Float.BYTES;
                tensor.widen(kernels, first, widened, offsets[slot], count);
            }
        }
    }

    int count() {
        return count;
    }

    /** The slot of the base, after those of the members. */
    int base() {
        return members;
    }

    /** What holds the values of the member or base in this slot. */
    MemorySegment values(int slot) {
        return values[slot];
    }

    /** Where in {@link #values} they begin, in bytes. */
    long offset(int slot) {
        return offsets[slot];
    }

    float value(int slot, int i) {
        return values[slot].get(ScalarKernels.F32, offsets[slot] + (long) i * Float.BYTES);
    }

    /** Δₘ[i] = θ[i] − θₘ[i]. */
    float update(int slot, int i) {
        return value(members, i) - value(slot, i);
    }

    /** ‖Δₘ‖² from its lanes. */
    double squaredUpdate(int slot, float[] lanes, int first) {
        return LaneSums.areZero(lanes, first) && isUnmoved(slot)
                ? 0
                : LaneSums.of(lanes, first, count, i -> update(slot, i), i -> update(slot, i));
    }

    /** Whether a member left the chunk as it was, as rows of tokens that its text does not use. */
    private boolean isUnmoved(int slot) {
        long bytes = (long) count * Float.BYTES;
        long from = offsets[slot];
        long base = offsets[members];
        return MemorySegment.mismatch(
                        values[slot], from, from + bytes, values[members], base, base + bytes)
                < 0;
    }

    /** ‖θ‖² from its lanes. */
    double squaredBase(float[] lanes, int first) {
        return LaneSums.of(lanes, first, count, i -> value(members, i), i -> value(members, i));
    }
}
