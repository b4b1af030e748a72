package dev.tapestry.node.trainer;

import java.time.Duration;

/** How long a trainer may go on without a sign of progress. */
final class Lease {

    private final Duration length;
    private long renewed = System.nanoTime();
    private long logged;

    Lease(Duration length) {
        this.length = length;
    }

    Duration length() {
        return length;
    }

    /**
     * A step renews it, and so does anything printed: a trainer that loads a large model, or waits
     * in a cluster's queue, says so.
     *
     * @param logBytes length of what was printed so far
     */
    void renewIf(boolean stepped, long logBytes) {
        if (stepped || logBytes != logged) {
            renewed = System.nanoTime();
            logged = logBytes;
        }
    }

    boolean expired() {
        return System.nanoTime() - renewed > length.toNanos();
    }
}
