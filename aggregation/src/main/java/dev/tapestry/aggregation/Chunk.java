package dev.tapestry.aggregation;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * The base's and the members' values of one chunk, all as F32, out of the mapped files. One thread
 * uses it again for each chunk.
 *
 * <p>Kernels get arrays, whatever the files hold: a vector loop over segments is compiled for the
 * kinds of segment that it has met, and one over mapped and widened values together was compiled
 * again and again, and ran between in the vectors' uncompiled form, a hundred times slower. The
 * copy goes no further than the first-level cache.
 */
final class Chunk {

    private final int members;
    private final float[][] values;
    private int count;

    Chunk(int members) {
        this.members = members;
        this.values = new float[members + 1][Kernels.CHUNK];
    }

    /** Goes to {@code count} elements from element {@code first}. */
    void moveTo(
            Kernels kernels,
            MemorySegment base,
            List<MemberTensor> tensors,
            long first,
            int count) {
        this.count = count;
        MemorySegment.copy(base, ScalarKernels.F32, first * Float.BYTES, values[members], 0, count);
        for (int slot = 0; slot < members; slot++) {
            tensors.get(slot).read(kernels, first, values[slot], count);
        }
    }

    int count() {
        return count;
    }

    /** The slot of the base, after those of the members. */
    int base() {
        return members;
    }

    /** The first {@link #count} are those of the member or base in this slot. */
    float[] values(int slot) {
        return values[slot];
    }

    float value(int slot, int i) {
        return values[slot][i];
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
        return Arrays.equals(values[slot], 0, count, values[members], 0, count);
    }

    /** ‖θ‖² from its lanes. */
    double squaredBase(float[] lanes, int first) {
        return LaneSums.of(lanes, first, count, i -> value(members, i), i -> value(members, i));
    }
}
