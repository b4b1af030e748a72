package dev.tapestry.aggregation;

import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Models with the same tensors, read side by side window by window on all processors.
 *
 * @param base θ
 * @param models θₘ
 */
record ModelWindows(ModelDirectory base, List<ModelDirectory> models, Workers workers) {

    /** What is done with one window; called on several threads. */
    interface Task {

        /**
         * Takes a window's elements.
         *
         * @param base of θ
         * @param models of each θₘ
         */
        void run(Window window, float[] base, float[][] models);
    }

    static ModelWindows of(ModelDirectory base, List<ModelDirectory> models) {
        return new ModelWindows(
                base, models, new Workers(Runtime.getRuntime().availableProcessors()));
    }

    /** In how many windows a tensor is read. */
    static int count(TensorSpec spec) {
        return Window.of(List.of(spec)).size();
    }

    /** The place of a window among those of its tensor. */
    static int index(Window window) {
        return (int) (window.first() / Window.ELEMENTS);
    }

    /** Reads all of a tensor. */
    void each(TensorSpec spec, Task task) {
        String name = spec.name();
        MemberTensor before = MemberTensor.of(base, name);
        List<MemberTensor> theirs = models.stream().map(m -> MemberTensor.of(m, name)).toList();
        List<Window> windows = Window.of(List.of(spec));
        workers.each(
                windows.size(),
                () -> name,
                (_, index) -> {
                    Window window = windows.get(index);
                    float[][] rows =
                            IntStream.range(0, theirs.size())
                                    .mapToObj(m -> theirs.get(m).floats(window))
                                    .toArray(float[][]::new);
                    task.run(window, before.floats(window), rows);
                });
    }
}
