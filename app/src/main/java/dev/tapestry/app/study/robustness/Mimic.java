package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;
import java.util.List;

/**
 * Mimic (Karimireddy et al., arXiv 2006.09365): all bad members send one honest update once more,
 * Δ′ = Δᵢ* with i* = argmaxᵢ |⟨z, Δᵢ⟩| and z = argmax‖z‖=1 Σᵢ ⟨z, Δᵢ − μ⟩² the direction in which
 * updates differ most; no single contribution is unlike an honest one, and yet one member's text
 * counts many times. In the paper i is any honest member; nobody sees others' contributions here,
 * so that i is one of the bad members, who trained honestly. One bad member alone is then honest.
 */
record Mimic() implements Attack {

    private static final int POWER_STEPS = 100;

    @Override
    public Update forge(Knowledge known) {
        List<Update> sample = known.sample();
        double[] along = alongTheLeadingDirection(sample);
        int chosen = 0;
        for (int i = 1; i < known.together().size(); i++) {
            if (Math.abs(along[i]) > Math.abs(along[chosen])) {
                chosen = i;
            }
        }
        return sample.get(chosen);
    }

    /** ⟨z, Δᵢ⟩ up to a common factor, by power steps in the span of the centred updates. */
    private static double[] alongTheLeadingDirection(List<Update> updates) {
        int n = updates.size();
        Update mean = Update.mean(updates);
        List<Update> centred = updates.stream().map(update -> update.minus(mean)).toList();
        double[][] gram = products(centred, centred);
        double[] coefficients = new double[n];
        coefficients[0] = 1;
        for (int step = 0; step < POWER_STEPS; step++) {
            double[] next = times(gram, coefficients);
            double largest = 0;
            for (double value : next) {
                largest = Math.max(largest, Math.abs(value));
            }
            if (largest == 0) {
                break;
            }
            for (int i = 0; i < n; i++) {
                coefficients[i] = next[i] / largest;
            }
        }
        return times(products(updates, centred), coefficients);
    }

    private static double[][] products(List<Update> rows, List<Update> columns) {
        double[][] products = new double[rows.size()][columns.size()];
        for (int i = 0; i < rows.size(); i++) {
            for (int j = 0; j < columns.size(); j++) {
                products[i][j] = rows.get(i).dot(columns.get(j));
            }
        }
        return products;
    }

    private static double[] times(double[][] matrix, double[] vector) {
        double[] product = new double[matrix.length];
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < vector.length; j++) {
                product[i] += matrix[i][j] * vector[j];
            }
        }
        return product;
    }
}
