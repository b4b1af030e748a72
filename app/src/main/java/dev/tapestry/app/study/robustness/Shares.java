package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;
import java.util.List;

/**
 * How much of each update is in what was merged: the coefficients c that minimise ‖Δ − Σ cₘ Δₘ‖.
 * For rules that add updates up (means, choices, distances) these are the rule's own; for those
 * that rank coordinates, the nearest sum. Equal updates share what is theirs.
 */
final class Shares {

    /** Of the mean squared norm: what keeps equal updates from dividing by zero. */
    private static final double RIDGE = 1e-9;

    private Shares() {}

    /**
     * The coefficients.
     *
     * @return by place in {@code updates}; all 0 where nobody moved
     */
    static double[] of(List<Update> updates, Update merged) {
        int n = updates.size();
        double[][] system = new double[n][n + 1];
        double trace = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                system[i][j] = updates.get(i).dot(updates.get(j));
                system[j][i] = system[i][j];
            }
            system[i][n] = updates.get(i).dot(merged);
            trace += system[i][i];
        }
        if (trace == 0) {
            return new double[n];
        }
        for (int i = 0; i < n; i++) {
            system[i][i] += RIDGE * trace / n;
        }
        return solved(system);
    }

    /** By elimination; a matrix of products with a ridge needs no pivots. */
    private static double[] solved(double[][] system) {
        int n = system.length;
        for (int pivot = 0; pivot < n; pivot++) {
            for (int row = pivot + 1; row < n; row++) {
                double factor = system[row][pivot] / system[pivot][pivot];
                for (int column = pivot; column <= n; column++) {
                    system[row][column] -= factor * system[pivot][column];
                }
            }
        }
        double[] solution = new double[n];
        for (int row = n - 1; row >= 0; row--) {
            double rest = system[row][n];
            for (int column = row + 1; column < n; column++) {
                rest -= system[row][column] * solution[column];
            }
            solution[row] = rest / system[row][row];
        }
        return solution;
    }
}
