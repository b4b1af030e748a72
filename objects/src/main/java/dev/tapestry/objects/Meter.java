package dev.tapestry.objects;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the bytes of HTTP bodies, also of those that are sent or read again after a failure.
 * Thread-safe.
 */
public final class Meter {

    private final AtomicLong up = new AtomicLong();
    private final AtomicLong down = new AtomicLong();

    /** Bytes that left. */
    public long up() {
        return up.get();
    }

    /** Bytes that arrived. */
    public long down() {
        return down.get();
    }

    void sent(long bytes) {
        up.addAndGet(bytes);
    }

    void received(long bytes) {
        down.addAndGet(bytes);
    }
}
