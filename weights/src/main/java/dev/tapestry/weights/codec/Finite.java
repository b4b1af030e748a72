package dev.tapestry.weights.codec;

/** Looks for numbers that are none. */
final class Finite {

    /** The magnitude's bits of infinity; those of NaNs are larger. */
    static final int INFINITE = 0x7f800000;

    private Finite() {}

    /** The index of the first NaN or infinity among the first {@code count}; −1 if none is. */
    static int firstNot(Kernels kernels, float[] values, int count) {
        if (kernels.largestMagnitude(values, 0, count) < INFINITE) {
            return -1;
        }
        int index = 0;
        while (Float.isFinite(values[index])) {
            index++;
        }
        return index;
    }
}
