package dev.tapestry.aggregation;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Finds the k-th largest |δ| of a tensor exactly, in two passes and constant memory: the bits of
 * floats that are not negative are in the order of their values, so the first pass counts by the
 * upper half of the bits and the second by the lower half within the one bin that matters. Safe for
 * several threads within a pass.
 */
final class Magnitudes {

    private static final int HALF = 16;

    private final AtomicLongArray upper = new AtomicLongArray(1 << (HALF - 1));
    private final AtomicLongArray lower = new AtomicLongArray(1 << HALF);
    private int bin;
    private long kept;

    private static int bits(float base, float model) {
        return Float.floatToRawIntBits(Math.abs(model - base));
    }

    /** The first pass. */
    void count(float[] base, float[] model) {
        for (int i = 0; i < base.length; i++) {
            upper.incrementAndGet(bits(base[i], model[i]) >>> HALF);
        }
    }

    /** Between the passes: which bin holds the value with {@code k} values that are not smaller. */
    void narrow(long k) {
        kept = k;
        bin = upper.length() - 1;
        while (kept > upper.get(bin)) {
            kept -= upper.get(bin--);
        }
    }

    /** The second pass. */
    void countNarrowly(float[] base, float[] model) {
        for (int i = 0; i < base.length; i++) {
            int bits = bits(base[i], model[i]);
            if (bits >>> HALF == bin) {
                lower.incrementAndGet(bits & 0xffff);
            }
        }
    }

    /** The k-th largest value; as many or, where values are equal, more are not smaller. */
    float threshold() {
        int low = lower.length() - 1;
        long left = kept;
        while (left > lower.get(low)) {
            left -= lower.get(low--);
        }
        return Float.intBitsToFloat(bin << HALF | low);
    }
}
