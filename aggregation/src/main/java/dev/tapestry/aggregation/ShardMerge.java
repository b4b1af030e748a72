package dev.tapestry.aggregation;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Merges the tensors of one shard, window by window.
 *
 * <p>Most rules take one pass over the files here. The norm-preserving direction takes up to two
 * more over the hidden matrices, for ‖Δₘ‖ and for the length of the summed directions have to be
 * known before the first element can be written.
 */
final class ShardMerge {

    private final Kernels kernels;
    private final Workers workers;
    private final Composition composition;
    private final OuterStep step;
    private final List<Double> weights;
    private final List<TensorMerge> tensors;
    private final List<Window> windows;
    private final MergeCount count;

    ShardMerge(
            Kernels kernels,
            Workers workers,
            Composition composition,
            OuterStep step,
            List<Double> weights,
            List<TensorMerge> tensors,
            MergeCount count) {
        this.kernels = kernels;
        this.workers = workers;
        this.composition = composition;
        this.step = step;
        this.weights = weights;
        this.tensors = tensors;
        this.count = count;
        this.windows = Window.of(tensors.stream().map(TensorMerge::spec).toList());
    }

    /**
     * What is known of a merged shard.
     *
     * @param seal over all its windows
     * @param sums over all its windows
     */
    record Result(long seal, MergeSums sums) {}

    /** Writes all tensors of the shard. */
    Result into(ShardSinks sinks) {
        List<Combination> combinations =
                new ArrayList<>(
                        tensors.stream().map(tensor -> composition.of(tensor.name())).toList());
        if (composition.preservesNorms()) {
            preserveNorms(combinations);
        }
        long[] seals = new long[windows.size()];
        MergeSums[] sums = new MergeSums[windows.size()];
        pass(
                windows,
                (desk, index) -> {
                    Window window = windows.get(index);
                    sums[index] = new MergeSums(weights.size());
                    seals[index] =
                            desk.merge(
                                    tensors.get(window.tensor()),
                                    window,
                                    combinations.get(window.tensor()),
                                    step,
                                    sinks,
                                    sums[index]);
                });
        MergeSums total = new MergeSums(weights.size());
        for (MergeSums part : sums) {
            total.add(part);
        }
        // Where tensors meet, pages of one were mapped around those of the other.
        tensors.forEach(tensor -> tensor.release(0, tensor.spec().elements()));
        return new Result(Seals.ofShard(seals), total);
    }

    /** Does a task at each window; the desks' buffers go with the pass, not with the collector. */
    private void pass(List<Window> over, Workers.Task<MergeDesk> task) {
        try (Arena arena = Arena.ofShared()) {
            workers.each(
                    over.size(),
                    () -> new MergeDesk(kernels, weights, arena, workers.threads()),
                    (desk, index) -> {
                        task.run(desk, index);
                        count.add(over.get(index).count());
                    });
        }
    }

    /** Puts directions in the place of means, for the hidden matrices. */
    private void preserveNorms(List<Combination> combinations) {
        List<Window> hidden =
                windows.stream()
                        .filter(window -> tensors.get(window.tensor()).isHiddenMatrix())
                        .toList();
        double[][] norms = norms(hidden);
        Blend[] directions = new Blend[tensors.size()];
        for (int tensor = 0; tensor < directions.length; tensor++) {
            if (tensors.get(tensor).isHiddenMatrix()) {
                String name = tensors.get(tensor).name();
                directions[tensor] = composition.direction(name, norms[tensor]);
            }
        }
        double[] sumNorms = sumNorms(hidden, directions);
        for (int tensor = 0; tensor < directions.length; tensor++) {
            if (tensors.get(tensor).isHiddenMatrix()) {
                double norm = composition.meanNorm(norms[tensor]);
                combinations.set(tensor, directions[tensor].withNorm(norm, sumNorms[tensor]));
            }
        }
    }

    /** By tensor and vector, its norm. */
    private double[][] norms(List<Window> hidden) {
        double[][] norms = new double[tensors.size()][];
        double[][] members = composition.knowsNorms() ? new double[0][] : memberNorms(hidden);
        for (int tensor = 0; tensor < norms.length; tensor++) {
            norms[tensor] =
                    composition.knowsNorms()
                            ? composition.norms(tensors.get(tensor).name())
                            : composition.norms(members[tensor]);
        }
        return norms;
    }

    /** ‖Δₘ‖ by tensor and member. */
    private double[][] memberNorms(List<Window> hidden) {
        double[][] parts = new double[hidden.size()][];
        pass(
                hidden,
                (desk, index) -> {
                    Window window = hidden.get(index);
                    parts[index] = desk.squaredNorms(tensors.get(window.tensor()), window);
                });
        double[][] norms = new double[tensors.size()][weights.size()];
        for (int index = 0; index < parts.length; index++) {
            double[] tensor = norms[hidden.get(index).tensor()];
            for (int member = 0; member < tensor.length; member++) {
                tensor[member] += parts[index][member];
            }
        }
        for (double[] tensor : norms) {
            for (int member = 0; member < tensor.length; member++) {
                tensor[member] = Math.sqrt(tensor[member]);
            }
        }
        return norms;
    }

    /** The length of the summed directions, by tensor. */
    private double[] sumNorms(List<Window> hidden, Blend[] directions) {
        double[] parts = new double[hidden.size()];
        pass(
                hidden,
                (desk, index) -> {
                    Window window = hidden.get(index);
                    int tensor = window.tensor();
                    parts[index] =
                            desk.squaredNorm(tensors.get(tensor), window, directions[tensor]);
                });
        double[] squared = new double[tensors.size()];
        for (int index = 0; index < parts.length; index++) {
            squared[hidden.get(index).tensor()] += parts[index];
        }
        return IntStream.range(0, squared.length).mapToDouble(t -> Math.sqrt(squared[t])).toArray();
    }
}
