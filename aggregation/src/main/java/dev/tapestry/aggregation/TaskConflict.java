package dev.tapestry.aggregation;

import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * How much what two models have learnt since a base goes against each other, in one tensor. With δ₁
 * and δ₂ their changes:
 *
 * @param tensor its name
 * @param elements numbers in it
 * @param norms ‖δ₁‖ and ‖δ₂‖
 * @param cosine of the angle between δ₁ and δ₂; 0 where one of them is 0
 * @param opposed the share of |δ₁| where δ₂ has the other sign: 0 if they never oppose each other,
 *     1 if always
 */
public record TaskConflict(
        String tensor, long elements, Norms norms, double cosine, double opposed) {

    /** The Euclidean lengths of both changes. */
    public record Norms(double first, double second) {}

    /**
     * Compares tensor by tensor; sums are in double precision in a fixed order.
     *
     * @throws AggregationException {@code TENSORS_DIFFER}
     */
    public static List<TaskConflict> between(
            ModelDirectory base, ModelDirectory first, ModelDirectory second) {
        for (ModelDirectory model : List.of(first, second)) {
            OfflineMerge.requireFitting(base, model);
        }
        ModelWindows windows = ModelWindows.of(base, List.of(first, second));
        List<TaskConflict> conflicts = new ArrayList<>();
        for (TensorSpec spec : base.tensors().values()) {
            Sums[] parts = new Sums[ModelWindows.count(spec)];
            windows.each(
                    spec,
                    (window, before, theirs) ->
                            parts[ModelWindows.index(window)] =
                                    Sums.of(before, theirs[0], theirs[1]));
            Sums sums = Sums.NONE;
            for (Sums part : parts) {
                sums = sums.plus(part);
            }
            conflicts.add(sums.conflict(spec));
        }
        return List.copyOf(conflicts);
    }

    /** Σ δ₁², Σ δ₂², Σ δ₁δ₂, Σ |δ₁| and Σ |δ₁| where the signs differ. */
    private record Sums(
            double firstSquared,
            double secondSquared,
            double product,
            double absolute,
            double opposed) {

        static final Sums NONE = new Sums(0, 0, 0, 0, 0);

        static Sums of(float[] base, float[] first, float[] second) {
            double xx = 0;
            double yy = 0;
            double xy = 0;
            double all = 0;
            double against = 0;
            for (int i = 0; i < base.length; i++) {
                double x = (double) first[i] - base[i];
                double y = (double) second[i] - base[i];
                xx += x * x;
                yy += y * y;
                xy += x * y;
                all += Math.abs(x);
                if (x * y < 0) {
                    against += Math.abs(x);
                }
            }
            return new Sums(xx, yy, xy, all, against);
        }

        Sums plus(Sums other) {
            return new Sums(
                    firstSquared + other.firstSquared,
                    secondSquared + other.secondSquared,
                    product + other.product,
                    absolute + other.absolute,
                    opposed + other.opposed);
        }

        TaskConflict conflict(TensorSpec spec) {
            double norms = Math.sqrt(firstSquared) * Math.sqrt(secondSquared);
            return new TaskConflict(
                    spec.name(),
                    spec.elements(),
                    new Norms(Math.sqrt(firstSquared), Math.sqrt(secondSquared)),
                    norms > 0 ? product / norms : 0,
                    absolute > 0 ? opposed / absolute : 0);
        }
    }
}
