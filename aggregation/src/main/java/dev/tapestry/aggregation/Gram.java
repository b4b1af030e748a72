package dev.tapestry.aggregation;

import java.util.Arrays;

/**
 * The inner products of some vectors, all that rules about distances need to know of them. In
 * double precision, on the heap; the vectors themselves stay on disk.
 */
final class Gram {

    private final int size;

    /** Row by row, the lower triangle with the diagonal. */
    private final double[] values;

    Gram(int size) {
        this(size, new double[length(size)]);
    }

    Gram(int size, double[] values) {
        this.size = size;
        this.values = values;
    }

    /** How many different products so many vectors have. */
    static int length(int size) {
        return size * (size + 1) / 2;
    }

    static int index(int i, int j) {
        return i >= j ? i * (i + 1) / 2 + j : index(j, i);
    }

    double at(int i, int j) {
        return values[index(i, j)];
    }

    double norm(int i) {
        return Math.sqrt(at(i, i));
    }

    void add(double[] products) {
        for (int i = 0; i < values.length; i++) {
            values[i] += products[i];
        }
    }

    /** Adds the products of {@code other}'s vectors, each scaled. */
    void addScaled(Gram other, double[] scales) {
        for (int i = 0; i < size; i++) {
            for (int j = 0; j <= i; j++) {
                values[index(i, j)] += scales[i] * scales[j] * other.at(i, j);
            }
        }
    }

    /** ‖x − y‖² of two of the vectors; never below 0. */
    double squaredDistance(int i, int j) {
        return i == j ? 0 : Math.max(0, at(i, i) + at(j, j) - 2 * at(i, j));
    }

    /**
     * ‖z − x‖ where z = Σ coefficient · vector and x is one of the vectors.
     *
     * @param coefficients of the first vectors; the others are not in z
     */
    double distance(double[] coefficients, int vector) {
        double[] difference = Arrays.copyOf(coefficients, size);
        difference[vector] -= 1;
        return Math.sqrt(Math.max(0, product(difference, difference)));
    }

    /** ⟨x, y⟩ of two combinations of the vectors. */
    double product(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            double row = 0;
            for (int j = 0; j < size; j++) {
                row += at(i, j) * y[j];
            }
            sum += x[i] * row;
        }
        return sum;
    }

    /** The products of combinations, one a row of {@code combinations}. */
    Gram of(double[][] combinations) {
        Gram products = new Gram(combinations.length);
        for (int i = 0; i < combinations.length; i++) {
            for (int j = 0; j <= i; j++) {
                products.values[index(i, j)] = product(combinations[i], combinations[j]);
            }
        }
        return products;
    }
}
