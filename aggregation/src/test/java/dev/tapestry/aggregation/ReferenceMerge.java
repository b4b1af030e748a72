package dev.tapestry.aggregation;

import dev.tapestry.consortium.Aggregator.NormPreserving;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer.Sgd;

/** The equations once more, in double precision and without any cleverness. */
final class ReferenceMerge {

    private ReferenceMerge() {}

    /** The new values of one tensor. */
    static double[] merge(
            float[] base, float[][] members, double[] weights, MergeRule rule, boolean hidden) {
        int count = base.length;
        double[] delta = new double[count];
        double meanNorm = 0;
        for (int m = 0; m < members.length; m++) {
            double norm = 0;
            for (int i = 0; i < count; i++) {
                norm += Math.pow((double) base[i] - members[m][i], 2);
            }
            norm = Math.sqrt(norm);
            meanNorm += weights[m] * norm;
            boolean preserves = hidden && rule.aggregator() instanceof NormPreserving;
            double factor = preserves ? weights[m] / norm : weights[m];
            for (int i = 0; i < count; i++) {
                delta[i] += factor * ((double) base[i] - members[m][i]);
            }
        }
        if (hidden && rule.aggregator() instanceof NormPreserving) {
            double norm = 0;
            for (double value : delta) {
                norm += value * value;
            }
            for (int i = 0; i < count; i++) {
                delta[i] *= meanNorm / Math.sqrt(norm);
            }
        }
        Sgd outer = (Sgd) rule.outer();
        double[] next = new double[count];
        for (int i = 0; i < count; i++) {
            // The first round's momentum: b = Δ.
            next[i] = base[i] - outer.learningRate() * (delta[i] + outer.momentum() * delta[i]);
        }
        return next;
    }
}
