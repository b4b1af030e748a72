package dev.tapestry.node.egress;

import java.time.Duration;

/**
 * How many parts are under way at once: what is needed to fill a line that nobody knows.
 *
 * <p>A TCP stream carries at most one window each round trip, and a window ends at what the
 * operating system lets a socket keep, often 4 MiB and with its overhead about 2 MB. A transfer
 * begins with as many streams as fill 1 Gbit/s with such windows over the round trip that was
 * measured, but only with so many that each has several parts to carry: at the end, streams that
 * have nothing left wait for the slowest. From there on they are doubled for as long as that pays,
 * which it does where loss keeps windows small; a doubling that does not is taken back. What one
 * transfer found the next begins with. Thread-safe.
 */
final class StreamWidth {

    static final int FEWEST = 4;

    /** A stream with fewer parts than this is not worth its handshake. */
    private static final int PARTS_EACH = 4;

    private static final double LINE_BYTES_PER_SECOND = 1e9 / 8;
    private static final double WINDOW_BYTES = 2e6;

    /** What twice the streams must carry at least. */
    private static final double WORTH_IT = 1.25;

    private final int most;
    private int found;

    /** At most so many. */
    StreamWidth(int most) {
        this.most = most;
        this.found = Math.min(FEWEST, most);
    }

    /** How many there were in the latest transfer. */
    synchronized int latest() {
        return found;
    }

    private synchronized int found(int width) {
        found = width;
        return width;
    }

    /** The widths of one transfer of so many parts, over such a distance. */
    synchronized Climb of(int parts, Duration roundTrip) {
        double windows =
                Math.ceil(LINE_BYTES_PER_SECOND * roundTrip.toNanos() / 1e9 / WINDOW_BYTES);
        int wanted = Math.max(found, (int) Math.min(windows, most));
        return new Climb(found(Math.min(wanted, fitting(parts))));
    }

    private int fitting(int parts) {
        return Math.min(most, Math.max(FEWEST, parts / PARTS_EACH));
    }

    /** Widths of one transfer; one thread at a time. */
    final class Climb {
        private int width;
        private int before;
        private double best;
        private boolean ended;

        private Climb(int first) {
            this.width = first;
            this.before = first;
        }

        int width() {
            return width;
        }

        /**
         * The next width.
         *
         * @param rate bytes a second that the streams carry now
         * @param waiting parts that none of them has taken yet
         */
        int after(double rate, int waiting) {
            if (ended) {
                return width;
            }
            if (rate < best * WORTH_IT) {
                ended = true;
                width = found(before);
                return width;
            }
            best = rate;
            before = width;
            int wider = Math.min(2 * width, Math.max(width, fitting(waiting)));
            ended = wider == width;
            width = found(wider);
            return width;
        }
    }
}
