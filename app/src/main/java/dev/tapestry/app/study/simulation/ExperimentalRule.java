package dev.tapestry.app.study.simulation;

import java.util.List;

/**
 * A researcher's own way to make one update of many, in one file of Java, for simulations alone: no
 * charter can name it.
 *
 * <pre>{@code
 * public final class Mean implements ExperimentalRule {
 *     public float[] combine(String tensor, List<float[]> updates, double[] weights) {
 *         float[] merged = new float[updates.getFirst().length];
 *         for (int m = 0; m < weights.length; m++) {
 *             for (int i = 0; i < merged.length; i++) {
 *                 merged[i] += (float) (weights[m] * updates.get(m)[i]);
 *             }
 *         }
 *         return merged;
 *     }
 * }
 * }</pre>
 *
 * <p>A variant has one instance, made with the constructor without parameters; what it remembers in
 * fields it remembers from round to round. It is called by one thread, for one tensor after the
 * other in the order of their names. For the same report each time it draws no chance of its own.
 */
public interface ExperimentalRule {

    /**
     * Makes one update of a tensor. The variant's outer optimiser then moves the base by it, as by
     * any aggregator's.
     *
     * @param tensor its name, such as {@code model.layers.0.mlp.up_proj.weight}
     * @param updates Δₘ = θ − θₘ, by member in the order of ids, each of as many elements; they may
     *     be changed
     * @param weights wₘ by the charter's weighting and influence cap, in the same order; they sum
     *     to 1
     * @return Δ, of as many elements, all finite
     */
    float[] combine(String tensor, List<float[]> updates, double[] weights);
}
