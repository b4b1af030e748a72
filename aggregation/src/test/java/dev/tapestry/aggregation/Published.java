package dev.tapestry.aggregation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The published equations of robust aggregation on whole vectors in plain doubles, as somebody
 * would write them who has only the papers. Shares no code with what it checks.
 */
final class Published {

    private Published() {}

    /** Σ wᵢ xᵢ. */
    static double[] mean(double[][] x, double[] w) {
        double[] mean = new double[x[0].length];
        for (int i = 0; i < x.length; i++) {
            for (int k = 0; k < mean.length; k++) {
                mean[k] += w[i] * x[i][k];
            }
        }
        return mean;
    }

    /** Yin et al., arXiv 1803.01498, Definition 1. */
    static double[] coordinateMedian(double[][] x) {
        double[] median = new double[x[0].length];
        for (int k = 0; k < median.length; k++) {
            double[] column = column(x, k);
            int n = column.length;
            median[k] = n % 2 == 1 ? column[n / 2] : (column[n / 2 - 1] + column[n / 2]) / 2;
        }
        return median;
    }

    /** Yin et al., arXiv 1803.01498, Definition 2, with βn = f. */
    static double[] trimmedMean(double[][] x, int f) {
        double[] mean = new double[x[0].length];
        for (int k = 0; k < mean.length; k++) {
            double[] column = column(x, k);
            mean[k] = Arrays.stream(column, f, column.length - f).average().orElseThrow();
        }
        return mean;
    }

    private static double[] column(double[][] x, int k) {
        return Arrays.stream(x).mapToDouble(row -> row[k]).sorted().toArray();
    }

    /**
     * Blanchard et al., NeurIPS 2017, §4: s(i) = Σ over i → j of ‖xᵢ − xⱼ‖², where i → j are the n
     * − f − 2 vectors closest to xᵢ; the mean of the m with the smallest scores.
     */
    static double[] krum(double[][] x, double[] w, int f, int m) {
        int n = x.length;
        double[] score = new double[n];
        for (int i = 0; i < n; i++) {
            List<Double> distances = new ArrayList<>();
            for (int j = 0; j < n; j++) {
                if (j != i) {
                    distances.add(Math.pow(distance(x[i], x[j]), 2));
                }
            }
            distances.sort(null);
            for (double closest : distances.subList(0, n - f - 2)) {
                score[i] += closest;
            }
        }
        Integer[] byScore = indices(n);
        Arrays.sort(byScore, Comparator.comparingDouble(i -> score[i]));
        double[][] best = new double[m][];
        double[] weights = new double[m];
        double sum = 0;
        for (int place = 0; place < m; place++) {
            best[place] = x[byScore[place]];
            weights[place] = w[byScore[place]];
            sum += weights[place];
        }
        for (int place = 0; place < m; place++) {
            weights[place] /= sum;
        }
        return mean(best, weights);
    }

    /** Pillutla et al., arXiv 1912.13445, Algorithm 2: z ← Σ βᵢxᵢ/Σ βᵢ, βᵢ = αᵢ/(ν ∨ ‖z − xᵢ‖). */
    static double[] geometricMedian(double[][] x, double[] alpha, double nu, int steps) {
        double[] z = mean(x, alpha);
        for (int t = 0; t < steps; t++) {
            double[] beta = new double[x.length];
            double sum = 0;
            for (int i = 0; i < x.length; i++) {
                beta[i] = alpha[i] / Math.max(nu, distance(z, x[i]));
                sum += beta[i];
            }
            for (int i = 0; i < x.length; i++) {
                beta[i] /= sum;
            }
            z = mean(x, beta);
        }
        return z;
    }

    /** Karimireddy et al., arXiv 2012.10333, equation (CC): from v, the round before's. */
    static double[] centredClipping(double[][] x, double[] w, double[] v, double tau, int steps) {
        double[] centre = v.clone();
        for (int l = 0; l < steps; l++) {
            double[] next = centre.clone();
            for (int i = 0; i < x.length; i++) {
                double scale = Math.min(1, tau / distance(x[i], centre));
                for (int k = 0; k < next.length; k++) {
                    next[k] += w[i] * (x[i][k] - centre[k]) * scale;
                }
            }
            centre = next;
        }
        return centre;
    }

    /** Allouah et al., arXiv 2302.01772, Algorithm 2, for equal weights. */
    static double[][] nearestNeighbourMixing(double[][] x, int f) {
        int n = x.length;
        double[][] y = new double[n][];
        for (int i = 0; i < n; i++) {
            double[] pivot = x[i];
            Integer[] nearest = indices(n);
            Arrays.sort(nearest, Comparator.comparingDouble(j -> distance(pivot, x[j])));
            double[][] neighbours = new double[n - f][];
            double[] equal = new double[n - f];
            for (int j = 0; j < n - f; j++) {
                neighbours[j] = x[nearest[j]];
                equal[j] = 1.0 / (n - f);
            }
            y[i] = mean(neighbours, equal);
        }
        return y;
    }

    private static Integer[] indices(int n) {
        return IntStream.range(0, n).boxed().toArray(Integer[]::new);
    }

    static double distance(double[] x, double[] y) {
        double sum = 0;
        for (int k = 0; k < x.length; k++) {
            sum += (x[k] - y[k]) * (x[k] - y[k]);
        }
        return Math.sqrt(sum);
    }

    static double norm(double[] x) {
        return distance(x, new double[x.length]);
    }
}
