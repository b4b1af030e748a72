package dev.tapestry.aggregation;

import dev.tapestry.consortium.MergeRule;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * One thread's place of work: the buffers for one chunk of every member, and the three passes over
 * a window.
 *
 * <p>A window goes through the caches chunk by chunk: all members' updates of a chunk are taken
 * while the base's chunk is near, so each file is read once from memory. Memory: 4 KiB for each
 * member.
 */
final class MergeDesk {

    /** Bytes of all inputs together that may stay mapped on one thread before they are released. */
    private static final long RELEASE_BYTES = 48L << 20;

    private final Kernels kernels;
    private final int members;
    private final int releaseElements;
    private final float[][] updates;
    private final double[] squared;
    private final float[] sum = new float[Kernels.CHUNK];
    private final float[] momentum = new float[Kernels.CHUNK];

    MergeDesk(Kernels kernels, int members) {
        this.kernels = kernels;
        this.members = members;
        this.squared = new double[members];
        this.updates = new float[members][Kernels.CHUNK];
        int fit = (int) (RELEASE_BYTES / (Float.BYTES * (members + 4L)));
        this.releaseElements = Math.clamp(fit & -Kernels.CHUNK, Kernels.CHUNK, Window.ELEMENTS);
    }

    /** ‖Δₘ‖² of one window for every member. */
    double[] squaredNorms(TensorMerge tensor, Window window) {
        double[] total = new double[members];
        byChunk(
                tensor,
                window,
                false,
                (first, count) -> {
                    for (int member = 0; member < members; member++) {
                        MemberTensor theirs = tensor.members().get(member);
                        theirs.update(kernels, tensor.base(), first, updates[member], count);
                        total[member] += kernels.dot(updates[member], updates[member], count);
                    }
                });
        return total;
    }

    /** ‖Δ‖² of one window. */
    double squaredNorm(TensorMerge tensor, Window window, Blend blend) {
        double[] total = new double[1];
        byChunk(
                tensor,
                window,
                false,
                (first, count) -> {
                    addUpdates(tensor, first, count, blend);
                    total[0] += kernels.dot(sum, sum, count);
                });
        return total[0];
    }

    /**
     * Writes one window of the new base, and of the new momentum if there is one.
     *
     * @return the window's seal, by which a restarted merge knows what was written
     */
    long merge(TensorMerge tensor, Window window, Blend blend, MergeRule rule, MergeSums sums) {
        CRC32C seal = new CRC32C();
        byChunk(
                tensor,
                window,
                true,
                (first, count) -> {
                    addUpdates(tensor, first, count, blend);
                    for (int member = 0; member < members; member++) {
                        sums.addMember(
                                member, squared[member], kernels.dot(updates[member], sum, count));
                    }
                    sums.addAggregate(kernels.dot(sum, sum, count));
                    tensor.newMomentum()
                            .ifPresent(target ->
                                    keepMomentum(tensor, target, first, count, rule, sums));
                    long at = first * Float.BYTES;
                    float rate = (float) rule.learningRate();
                    kernels.step(tensor.base(), at, rate, sum, tensor.target(), at, count);
                    seal(seal, tensor, first, count);
                });
        return seal.getValue();
    }

    /** The seal of a window that was written earlier. */
    static long seal(TensorMerge written, Window window) {
        CRC32C seal = new CRC32C();
        long end = window.first() + window.count();
        for (long first = window.first(); first < end; first += Kernels.CHUNK) {
            seal(seal, written, first, (int) Math.min(Kernels.CHUNK, end - first));
        }
        written.release(window.first(), window.count());
        return seal.getValue();
    }

    /** CRC-32C over the new base's chunk, then the new momentum's. */
    private static void seal(CRC32C seal, TensorMerge tensor, long first, int count) {
        long at = first * Float.BYTES;
        long bytes = (long) count * Float.BYTES;
        seal.update(tensor.target().asSlice(at, bytes).asByteBuffer());
        tensor.newMomentum()
                .ifPresent(segment -> seal.update(segment.asSlice(at, bytes).asByteBuffer()));
    }

    /** b ← μ b + Δ, then leaves Δ + μ b in the sum. */
    private void keepMomentum(
            TensorMerge tensor,
            MemorySegment target,
            long first,
            int count,
            MergeRule rule,
            MergeSums sums) {
        float factor = (float) rule.momentum();
        long at = first * Float.BYTES;
        if (tensor.momentum().isPresent()) {
            MemorySegment before = tensor.momentum().get();
            MemorySegment.copy(before, ScalarKernels.F32, at, momentum, 0, count);
            sums.addMomentum(
                    kernels.dot(momentum, momentum, count), kernels.dot(momentum, sum, count));
        } else {
            Arrays.fill(momentum, 0, count, 0);
        }
        kernels.decay(momentum, factor, sum, count);
        MemorySegment.copy(momentum, 0, target, ScalarKernels.F32, at, count);
        kernels.addScaled(sum, factor, momentum, count);
    }

    /** Δ of one chunk, with every Δₘ and ‖Δₘ‖² on the way. */
    private void addUpdates(TensorMerge tensor, long first, int count, Blend blend) {
        Arrays.fill(sum, 0, count, 0);
        for (int member = 0; member < members; member++) {
            squared[member] =
                    tensor.members()
                            .get(member)
                            .addUpdate(
                                    kernels,
                                    tensor.base(),
                                    first,
                                    blend.factor(member),
                                    updates[member],
                                    sum,
                                    count);
        }
        blend.finish(kernels, sum, count);
    }

    private interface ChunkStep {
        void at(long first, int count);
    }

    private void byChunk(TensorMerge tensor, Window window, boolean writes, ChunkStep step) {
        long end = window.first() + window.count();
        long kept = window.first();
        for (long first = window.first(); first < end; first += Kernels.CHUNK) {
            int count = (int) Math.min(Kernels.CHUNK, end - first);
            step.at(first, count);
            long next = first + count;
            if (next - kept >= releaseElements || next == end) {
                if (writes) {
                    tensor.release(kept, next - kept);
                } else {
                    tensor.releaseInputs(kept, next - kept);
                }
                kept = next;
            }
        }
    }
}
