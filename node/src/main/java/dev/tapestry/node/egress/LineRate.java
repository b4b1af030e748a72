package dev.tapestry.node.egress;

import java.util.OptionalDouble;
import java.util.concurrent.atomic.LongAdder;

/**
 * How fast the line carries bodies one way, all streams together, as the latest part found it.
 * Thread-safe.
 */
final class LineRate {

    /** Less says more of round trips and of the sockets' buffers than of the line. */
    private static final long LEAST_BYTES = 1 << 20;

    private final LongAdder moved = new LongAdder();
    private volatile double latest = Double.NaN;

    /** So many bytes have moved. */
    void moved(long bytes) {
        moved.add(bytes);
    }

    /** A part begins its way. */
    Passage begin() {
        return new Passage();
    }

    /** Bytes a second; empty before a part has found out. */
    OptionalDouble bytesPerSecond() {
        double rate = latest;
        return Double.isNaN(rate) ? OptionalDouble.empty() : OptionalDouble.of(rate);
    }

    /** It is as fast as this. */
    void found(double bytesPerSecond) {
        latest = bytesPerSecond;
    }

    /** A part under way. */
    final class Passage {
        private final long before = moved.sum();
        private final long begun = System.nanoTime();

        private Passage() {}

        /** It has arrived: what all streams carried meanwhile is the line's rate. */
        void arrived() {
            long bytes = moved.sum() - before;
            if (bytes >= LEAST_BYTES) {
                found(bytes * 1e9 / Math.max(1, System.nanoTime() - begun));
            }
        }
    }
}
