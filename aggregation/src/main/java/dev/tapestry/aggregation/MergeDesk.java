package dev.tapestry.aggregation;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One thread's place of work: the buffers for one chunk of every member, and the passes over a
 * window.
 *
 * <p>A window goes through the caches chunk by chunk: all members' updates of a chunk are taken
 * while the base's chunk is near, so each file is read once from memory. Memory: at most 1 MiB, 4
 * KiB for each member, and 8 KiB more for each member where rules rank or take products.
 */
final class MergeDesk {

    /**
     * Bytes of base, members and momentum together that may stay mapped on one thread before they
     * are released.
     */
    private static final long RELEASE_BYTES = 48L << 20;

    /** The same on all threads, however many processors a machine has. */
    private static final long RELEASE_BYTES_OF_ALL = 256L << 20;

    private final Kernels kernels;
    private final Arena arena;
    private final int members;
    private final List<Double> weights;
    private final int releaseElements;
    private final Chunk chunk;
    private final List<Four> everybody;
    private final double[] squared;
    private final float[] lanes = new float[(Four.SIZE + 1) * Kernels.LANES];
    private final float[] sum = new float[Kernels.CHUNK];
    private final float[] sent = new float[Kernels.CHUNK];
    private final float[][] state = new float[Buffer.values().length][Kernels.CHUNK];
    private final Outlet target;
    private final Outlet[] outlets = new Outlet[Buffer.values().length];
    private float[][] ranked = {};
    private double[][] updates = {};

    /**
     * A place among others.
     *
     * @param threads that work at the same time
     */
    MergeDesk(Kernels kernels, List<Double> weights, Arena arena, int threads) {
        this.kernels = kernels;
        this.arena = arena;
        this.target = new Outlet(arena);
        this.members = weights.size();
        this.weights = weights;
        this.squared = new double[members];
        this.chunk = new Chunk(members);
        this.everybody = Four.of(IntStream.range(0, members).toArray(), new float[members]);
        long release = Math.min(RELEASE_BYTES, RELEASE_BYTES_OF_ALL / threads);
        int fit = (int) (release / (Float.BYTES * (members + 2L)));
        this.releaseElements = Math.clamp(fit & -Kernels.CHUNK, Kernels.CHUNK, Window.ELEMENTS);
    }

    /** ‖Δₘ‖² of one window for every member. */
    double[] squaredNorms(TensorMerge tensor, Window window) {
        double[] total = new double[members];
        byChunk(
                tensor,
                window,
                (first, count) -> {
                    moveTo(tensor, first, count);
                    measureAll();
                    for (int member = 0; member < members; member++) {
                        total[member] += squared[member];
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
                    moveTo(tensor, first, count);
                    blend(blend);
                    total[0] += dot(sum, sum, count);
                });
        return total[0];
    }

    /**
     * The products of the members' updates of one window, and of the update of the round before, in
     * the layout of {@link Gram}.
     *
     * @param all whether of different vectors too
     */
    double[] products(TensorMerge tensor, Window window, boolean all) {
        if (updates.length == 0) {
            updates = new double[members + 1][Kernels.CHUNK];
        }
        double[] total = new double[Gram.length(members + 1)];
        MemorySegment previous = tensor.state().get(Buffer.PREVIOUS_UPDATE);
        byChunk(
                tensor,
                window,
                (first, count) -> {
                    moveTo(tensor, first, count);
                    for (int member = 0; member < members; member++) {
                        kernels.update(chunk, member, updates[member]);
                    }
                    if (previous != null) {
                        float[] before = state[Buffer.PREVIOUS_UPDATE.index()];
                        load(previous, first, count, before);
                        kernels.widen(before, updates[members], count);
                    }
                    for (int i = 0; i < (previous == null ? members : members + 1); i++) {
                        for (int j = all ? 0 : i; j <= i; j++) {
                            total[Gram.index(i, j)] +=
                                    kernels.product(updates[i], updates[j], count);
                        }
                    }
                });
        return total;
    }

    /**
     * Writes one window of the new base, and of the new state if there is one.
     *
     * @return the window's seal, by which a restarted merge knows what was written
     */
    long merge(
            TensorMerge tensor,
            Window window,
            Combination combination,
            OuterStep step,
            ShardSinks sinks,
            MergeSums sums) {
        float rate = (float) step.learningRate();
        byChunk(
                tensor,
                window,
                (first, count) -> {
                    moveTo(tensor, first, count);
                    takeState(tensor, first, count, step, sinks.state());
                    combine(combination);
                    addProducts(tensor, sums);
                    keepState(tensor.name(), window, first, count, step, sinks.state());
                    kernels.step(chunk, rate, sum, sum);
                    target.put(sum, sinks.target(), tensor.name(), window, first, count);
                });
        long[] parts = new long[1 + sinks.state().size()];
        parts[0] = target.takeSeal();
        int next = 1;
        for (Buffer buffer : sinks.state().keySet()) {
            parts[next++] = outlet(buffer).takeSeal();
        }
        return Seals.ofWindow(parts);
    }

    private void moveTo(TensorMerge tensor, long first, int count) {
        chunk.moveTo(kernels, tensor.base(), tensor.members(), first, count);
    }

    /** Fetches the buffers as they were before this merge. */
    private void takeState(
            TensorMerge tensor,
            long first,
            int count,
            OuterStep step,
            Map<Buffer, ShardSink> kept) {
        for (Buffer buffer : kept.keySet()) {
            float[] values = state[buffer.index()];
            MemorySegment before = tensor.state().get(buffer);
            if (before == null) {
                Arrays.fill(values, 0, count, step.initial(buffer));
            } else {
                load(before, first, count, values);
            }
        }
    }

    /** Leaves in the sum what is to be subtracted from the base, and writes the new buffers. */
    private void keepState(
            String tensor,
            Window window,
            long first,
            int count,
            OuterStep step,
            Map<Buffer, ShardSink> kept) {
        Buffer.update(kept.keySet())
                .ifPresent(buffer -> System.arraycopy(sum, 0, state[buffer.index()], 0, count));
        step.turn(kernels, sum, state, count);
        kept.forEach((buffer, sink) -> {
            outlet(buffer).put(state[buffer.index()], sink, tensor, window, first, count);
        });
    }

    private Outlet outlet(Buffer buffer) {
        int index = buffer.index();
        if (outlets[index] == null) {
            outlets[index] = new Outlet(arena);
        }
        return outlets[index];
    }

    /** Leaves Δ of the chunk in the sum, and every ‖Δₘ‖² in {@link #squared}. */
    private void combine(Combination combination) {
        switch (combination) {
            case Blend blend -> blend(blend);
            case Combination.Ranked(List<Blend> voters, int trimmed) -> {
                measureAll();
                rank(voters, trimmed);
            }
            case Senders senders -> {
                measureAll();
                add(senders);
            }
        }
    }

    private void blend(Blend blend) {
        int count = chunk.count();
        addTo(sum, blend);
        for (int member : blend.left()) {
            squared[member] = squaredUpdate(member);
        }
        if (blend.previous() != 0) {
            float[] before = state[Buffer.PREVIOUS_UPDATE.index()];
            kernels.addScaled(sum, blend.previous(), before, count);
        }
        blend.finish(kernels, sum, count);
    }

    /** Σ factorₘ Δₘ, with ‖Δₘ‖² of those that are added. */
    private void addTo(float[] row, Blend blend) {
        Arrays.fill(row, 0, chunk.count(), 0);
        for (Four four : blend.added()) {
            kernels.accumulate(chunk, four, row, lanes);
            for (int k = 0; k < four.size(); k++) {
                int member = four.slot(k);
                squared[member] = chunk.squaredUpdate(member, lanes, k * Kernels.LANES);
            }
        }
    }

    /** The mean, from the lowest up, of what is left between the extremes. */
    private void rank(List<Blend> voters, int trimmed) {
        int count = chunk.count();
        int n = voters.size();
        if (ranked.length < n) {
            ranked = new float[n][Kernels.CHUNK];
        }
        for (int voter = 0; voter < n; voter++) {
            addTo(ranked[voter], voters.get(voter));
        }
        SortingNetwork.sort(kernels, ranked, n, count);
        System.arraycopy(ranked[trimmed], 0, sum, 0, count);
        int left = n - 2 * trimmed;
        for (int rank = trimmed + 1; rank < trimmed + left; rank++) {
            kernels.addScaled(sum, 1, ranked[rank], count);
        }
        if (left > 1) {
            kernels.scale(sum, (float) (1.0 / left), count);
        }
    }

    private void add(Senders senders) {
        int count = chunk.count();
        Arrays.fill(sum, 0, count, 0);
        Arrays.fill(sent, 0, count, 0);
        for (int member = 0; member < members; member++) {
            if (senders.weight(member) != 0) {
                kernels.addSent(
                        chunk, member, senders.factor(member), senders.weight(member), sum, sent);
            }
        }
        kernels.divide(sum, sent, count);
    }

    private void measureAll() {
        for (int member = 0; member < members; member++) {
            squared[member] = squaredUpdate(member);
        }
    }

    /** ‖Δₘ‖² of the chunk. */
    private double squaredUpdate(int member) {
        kernels.measure(chunk, member, lanes);
        return chunk.squaredUpdate(member, lanes, 0);
    }

    /** Adds ‖Δₘ‖², ⟨Δₘ, Δ⟩, ‖Δ‖² and the products with the state before, of the chunk. */
    private void addProducts(TensorMerge tensor, MergeSums sums) {
        int count = chunk.count();
        double weighted = 0;
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
                weighted += weights.get(member) * squared[member];
            }
        }
        TensorGroup group = tensor.group();
        sums.add(group, MergeSums.Of.MEMBERS_SQUARED, weighted);
        // Each four leaves it; the last one is still there.
        int itself = Four.SIZE * Kernels.LANES;
        sums.add(
                group, MergeSums.Of.AGGREGATE_SQUARED, LaneSums.of(lanes, itself, sum, sum, count));
        if (tensor.state().containsKey(Buffer.FIRST_MOMENT)) {
            float[] momentum = state[Buffer.FIRST_MOMENT.index()];
            sums.add(group, MergeSums.Of.MOMENTUM_SQUARED, dot(momentum, momentum, count));
            sums.add(group, MergeSums.Of.MOMENTUM_WITH_AGGREGATE, dot(momentum, sum, count));
        }
        Optional<Buffer> update = Buffer.update(tensor.state().keySet());
        if (update.isPresent()) {
            float[] previous = state[update.get().index()];
            sums.add(group, MergeSums.Of.PREVIOUS_SQUARED, dot(previous, previous, count));
            sums.add(group, MergeSums.Of.PREVIOUS_WITH_AGGREGATE, dot(previous, sum, count));
        }
    }

    private static void load(MemorySegment from, long first, int count, float[] values) {
        MemorySegment.copy(from, ScalarKernels.F32, first * Float.BYTES, values, 0, count);
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
