package dev.tapestry.aggregation;

import dev.tapestry.consortium.MergeRule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One thread's place of work: the buffers for one chunk of every member, and the three passes over
 * a window.
 *
 * <p>A window goes through the caches chunk by chunk: all members' updates of a chunk are taken
 * while the base's chunk is near, so each file is read once from memory. Memory: 512 KiB, and 4 KiB
 * for each member.
 */
final class MergeDesk {

    /**
     * Bytes of base, members and momentum together that may stay mapped on one thread before they
     * are released.
     */
    private static final long RELEASE_BYTES = 48L << 20;

    private final Kernels kernels;
    private final int members;
    private final int releaseElements;
    private final Chunk chunk;
    private final List<Four> everybody;
    private final double[] squared;
    private final float[] lanes = new float[(Four.SIZE + 1) * Kernels.LANES];
    private final float[] sum = new float[Kernels.CHUNK];
    private final float[] momentum = new float[Kernels.CHUNK];
    private final Outlet target;
    private final Outlet newMomentum;

    MergeDesk(Kernels kernels, int members, Arena arena) {
        this.target = new Outlet(arena);
        this.newMomentum = new Outlet(arena);
        this.kernels = kernels;
        this.members = members;
        this.squared = new double[members];
        this.chunk = new Chunk(members, arena);
        this.everybody = Four.of(IntStream.range(0, members).toArray(), new float[members]);
        int fit = (int) (RELEASE_BYTES / (Float.BYTES * (members + 2L)));
        this.releaseElements = Math.clamp(fit & -Kernels.CHUNK, Kernels.CHUNK, Window.ELEMENTS);
    }

    /** ‖Δₘ‖² of one window for every member. */
    double[] squaredNorms(TensorMerge tensor, Window window) {
        double[] total = new double[members];
        byChunk(
                tensor,
                window,
                (first, count) -> {
                    chunk.moveTo(kernels, tensor.base(), tensor.members(), first, count);
                    for (int member = 0; member < members; member++) {
                        total[member] += squaredUpdate(member);
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
                (first, count) -> {
                    addUpdates(tensor, first, count, blend);
                    total[0] += dot(sum, sum, count);
                });
        return total[0];
    }

    /**
     * Writes one window of the new base, and of the new momentum if there is one.
     *
     * @return the window's seal, by which a restarted merge knows what was written
     */
    long merge(TensorMerge tensor, Window window, Blend blend, MergeRule rule, MergeSums sums) {
        byChunk(
                tensor,
                window,
                (first, count) -> {
                    addUpdates(tensor, first, count, blend);
                    addProducts(sums);
                    tensor.newMomentum()
                            .ifPresent(sink -> {
                                keepMomentum(tensor, first, count, rule, sums);
                                newMomentum.filled(sink, tensor.name(), window, first, count);
                            });
                    float rate = (float) rule.learningRate();
                    kernels.step(chunk, rate, sum, target.buffer(), target.position());
                    target.filled(tensor.target(), tensor.name(), window, first, count);
                });
        return Seals.ofWindow(target.takeSeal(), newMomentum.takeSeal());
    }

    /** b ← μ b + Δ, then leaves Δ + μ b in the sum. */
    private void keepMomentum(
            TensorMerge tensor, long first, int count, MergeRule rule, MergeSums sums) {
        float factor = (float) rule.momentum();
        long at = first * Float.BYTES;
        if (tensor.momentum().isPresent()) {
            MemorySegment before = tensor.momentum().get();
            MemorySegment.copy(before, ScalarKernels.F32, at, momentum, 0, count);
            sums.addMomentum(dot(momentum, momentum, count), dot(momentum, sum, count));
        } else {
            Arrays.fill(momentum, 0, count, 0);
        }
        kernels.decay(momentum, factor, sum, count);
        MemorySegment.copy(
                momentum,
                0,
                newMomentum.buffer(),
                ScalarKernels.F32,
                newMomentum.position(),
                count);
        kernels.addScaled(sum, factor, momentum, count);
    }

    /** Δ of one chunk, with every ‖Δₘ‖² on the way. */
    private void addUpdates(TensorMerge tensor, long first, int count, Blend blend) {
        chunk.moveTo(kernels, tensor.base(), tensor.members(), first, count);
        Arrays.fill(sum, 0, count, 0);
        for (Four four : blend.added()) {
            kernels.accumulate(chunk, four, sum, lanes);
            for (int k = 0; k < four.size(); k++) {
                int member = four.slot(k);
                squared[member] = chunk.squaredUpdate(member, lanes, k * Kernels.LANES);
            }
        }
        for (int member : blend.left()) {
            squared[member] = squaredUpdate(member);
        }
        blend.finish(kernels, sum, count);
    }

    /** ‖Δₘ‖² of the chunk. */
    private double squaredUpdate(int member) {
        kernels.measure(chunk, member, lanes);
        return chunk.squaredUpdate(member, lanes, 0);
    }

    /** Adds ‖Δₘ‖², ⟨Δₘ, Δ⟩ and ‖Δ‖² of the chunk. */
    private void addProducts(MergeSums sums) {
        int count = chunk.count();
        for (Four four : everybody) {
            kernels.project(chunk, four, sum, lanes);
            for (int k = 0; k < four.size(); k++) {
                int member = four.slot(k);
                double product =
                        squared[member] == 0
                                ? 0
                                : LaneSums.of(
                                        lanes,
                                        k * Kernels.LANES,
                                        count,
                                        i -> chunk.update(member, i),
                                        i -> sum[i]);
                sums.addMember(member, squared[member], product);
            }
        }
        // Each four leaves it; the last one is still there.
        int itself = Four.SIZE * Kernels.LANES;
        sums.addAggregate(LaneSums.of(lanes, itself, sum, sum, count));
    }

    private double dot(float[] x, float[] y, int count) {
        kernels.dot(x, y, count, lanes);
        return LaneSums.of(lanes, 0, x, y, count);
    }

    private interface ChunkStep {
        void at(long first, int count);
    }

    private void byChunk(TensorMerge tensor, Window window, ChunkStep step) {
        long end = window.first() + window.count();
        long kept = window.first();
        for (long first = window.first(); first < end; first += Kernels.CHUNK) {
            int count = (int) Math.min(Kernels.CHUNK, end - first);
            step.at(first, count);
            long next = first + count;
            if (next - kept >= releaseElements || next == end) {
                tensor.release(kept, next - kept);
                kept = next;
            }
        }
    }
}
