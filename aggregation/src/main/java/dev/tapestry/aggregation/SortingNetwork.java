package dev.tapestry.aggregation;

/**
 * Sorts rows coordinate by coordinate with exchanges of whole rows: Batcher's odd-even merge
 * exchange (Knuth, The Art of Computer Programming 3, §5.2.2, Algorithm M). The exchanges depend on
 * the number of rows only, so that eight coordinates are sorted at once.
 */
final class SortingNetwork {

    private SortingNetwork() {}

    /** Puts the smallest value of each of {@code count} coordinates into row 0, and so on. */
    static void sort(Kernels kernels, float[][] rows, int n, int count) {
        if (n < 2) {
            return;
        }
        int top = Integer.highestOneBit(n - 1);
        for (int p = top; p > 0; p >>= 1) {
            int q = top;
            int r = 0;
            int d = p;
            while (true) {
                for (int i = 0; i < n - d; i++) {
                    if ((i & p) == r) {
                        kernels.exchange(rows[i], rows[i + d], count);
                    }
                }
                if (q == p) {
                    break;
                }
                d = q - p;
                q >>= 1;
                r = p;
            }
        }
    }
}
