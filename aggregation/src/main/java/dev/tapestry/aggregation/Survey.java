package dev.tapestry.aggregation;

import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What is known of the members' updates before the first shard is written, from one pass over all
 * files: by tensor, the inner products of all updates and of the update of the round before, in
 * that order. A merge that goes on after an interruption surveys again and finds the same.
 *
 * <p>Memory: (members + 1)² ÷ 2 numbers for each tensor.
 */
final class Survey {

    /** Windows whose products are kept apart until they are added in order. */
    private static final int BATCH = 256;

    private final Map<String, Gram> byTensor;

    private Survey(Map<String, Gram> byTensor) {
        this.byTensor = byTensor;
    }

    /** The products of one tensor. */
    Gram of(String tensor) {
        return Objects.requireNonNull(byTensor.get(tensor), tensor);
    }

    /**
     * Reads everything once.
     *
     * @param products whether the products of different vectors are wanted too, and not only norms
     */
    static Survey of(
            MergeInputs inputs,
            Kernels kernels,
            Workers workers,
            boolean products,
            MergeCount count) {
        count.begin(MergeHeadway.Step.SURVEYING, 0, inputs.elements());
        int shard = 0;
        Map<String, Gram> byTensor = new LinkedHashMap<>();
        for (List<TensorSpec> specs : inputs.order().base().layout().values()) {
            count.shard(++shard);
            List<TensorMerge> tensors = specs.stream().map(inputs::tensor).toList();
            specs.forEach(spec -> byTensor.put(spec.name(), new Gram(inputs.members() + 1)));
            List<Window> windows = Window.of(specs);
            for (int from = 0; from < windows.size(); from += BATCH) {
                List<Window> batch = windows.subList(from, Math.min(windows.size(), from + BATCH));
                double[][] parts = new double[batch.size()][];
                try (Arena arena = Arena.ofShared()) {
                    workers.each(
                            batch.size(),
                            () ->
                                    new MergeDesk(
                                            kernels, inputs.weights(), arena, workers.threads()),
                            (desk, index) -> {
                                Window window = batch.get(index);
                                parts[index] =
                                        desk.products(
                                                tensors.get(window.tensor()), window, products);
                                count.add(window.count());
                            });
                }
                for (int index = 0; index < parts.length; index++) {
                    String tensor = specs.get(batch.get(index).tensor()).name();
                    Objects.requireNonNull(byTensor.get(tensor)).add(parts[index]);
                }
            }
        }
        return new Survey(byTensor);
    }
}
