package dev.tapestry.weights.codec;

import java.util.Arrays;

/**
 * Finds the k numbers of largest magnitude in a chunk by radix selection on the bits of |x|.
 *
 * <p>For finite numbers the bits are ordered as the magnitudes are. The upper 11 of the 31 bits are
 * counted; the k-th largest is in the first bin from above at which the count reaches k. Only what
 * is in that bin or above goes on to the next 11 bits, then to the last 9.
 *
 * <p>Most numbers of a chunk need not even be counted: a sixteenth of them tells a magnitude that
 * more than k numbers very probably reach. If fewer do, all are counted; what is found is the same.
 */
final class TopSelection {

    private static final int[] SHIFTS = {20, 9, 0};
    private static final int[] BINS = {1 << 11, 1 << 11, 1 << 9};

    private static final int SAMPLE_STRIDE = 16;
    private static final int SAMPLE_MARGIN = 4;

    private final Kernels kernels;
    private final int[] counts = new int[1 << 11];
    private final int[] candidates = new int[Codec.CHUNK];

    TopSelection(Kernels kernels) {
        this.kernels = kernels;
    }

    /**
     * Writes to {@code kept}, from {@code at} on, the ascending indices of the {@code keep} numbers
     * of largest magnitude from {@code from} to {@code to}; of equal ones those with lower indices.
     *
     * @param keep from 1 to {@code to − from}, which is at most {@link Codec#CHUNK}
     */
    void select(float[] values, int from, int to, int keep, int[] kept, int at) {
        int found = kernels.atLeast(values, from, to, guess(values, from, to, keep), candidates);
        if (found < keep) {
            found = kernels.atLeast(values, from, to, 0, candidates);
        }
        int threshold = 0;
        int lacking = keep; // so many of those from the threshold to the next bin's border
        for (int level = 0; level < SHIFTS.length; level++) {
            count(values, found, threshold, level);
            int bin = BINS[level] - 1;
            for (; counts[bin] < lacking; bin--) {
                lacking -= counts[bin];
            }
            threshold += bin << SHIFTS[level];
            found = dropBelow(values, threshold, found);
        }
        int next = at;
        for (int c = 0; c < found; c++) {
            int index = candidates[c];
            if (magnitude(values[index]) > threshold || lacking-- > 0) {
                kept[next++] = index;
            }
        }
    }

    /** A magnitude that about twice as many numbers reach as are kept, by a sample. */
    private int guess(float[] values, int from, int to, int keep) {
        Arrays.fill(counts, 0);
        int samples = 0;
        for (int i = from; i < to; i += SAMPLE_STRIDE) {
            counts[magnitude(values[i]) >>> SHIFTS[0]]++;
            samples++;
        }
        int rank = 2 * keep / SAMPLE_STRIDE + SAMPLE_MARGIN;
        if (rank >= samples) {
            return 0;
        }
        int bin = BINS[0] - 1;
        for (; counts[bin] < rank; bin--) {
            rank -= counts[bin];
        }
        return bin << SHIFTS[0];
    }

    /** Counts those candidates that are in the bin which begins at {@code threshold}. */
    private void count(float[] values, int found, int threshold, int level) {
        Arrays.fill(counts, 0, BINS[level], 0);
        for (int c = 0; c < found; c++) {
            int bin = (magnitude(values[candidates[c]]) - threshold) >>> SHIFTS[level];
            if (bin < BINS[level]) {
                counts[bin]++;
            }
        }
    }

    private int dropBelow(float[] values, int threshold, int found) {
        int left = 0;
        for (int c = 0; c < found; c++) {
            int index = candidates[c];
            candidates[left] = index;
            left += magnitude(values[index]) >= threshold ? 1 : 0;
        }
        return left;
    }

    private static int magnitude(float value) {
        return Float.floatToRawIntBits(value) & 0x7fffffff;
    }
}
