package dev.tapestry.aggregation;

import dev.tapestry.weights.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * A run of elements of one tensor: the unit that one thread works on, and the unit of sums.
 *
 * <p>Tensors are always cut at the same places and the sums of windows are always added in the same
 * order, so the number of threads changes nothing in the result.
 *
 * @param tensor index among the shard's tensors
 * @param first index of its first element
 * @param count 1 to {@link #ELEMENTS} elements
 */
record Window(int tensor, long first, int count) {

    /** Elements of a full window: 1 MiB of fp32. */
    static final int ELEMENTS = 1 << 18;

    /** All windows of these tensors, in order. */
    static List<Window> of(List<TensorSpec> tensors) {
        List<Window> windows = new ArrayList<>();
        for (int tensor = 0; tensor < tensors.size(); tensor++) {
            long elements = tensors.get(tensor).elements();
            for (long first = 0; first < elements; first += ELEMENTS) {
                windows.add(new Window(tensor, first, (int) Math.min(ELEMENTS, elements - first)));
            }
        }
        return windows;
    }
}
