package dev.tapestry.node.egress;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Breaks exchanges off whose bodies have stopped moving. A socket bounds the wait of a read, but
 * not that of a write: a peer that is there and takes nothing would hold it for ever.
 */
final class StallWatch implements AutoCloseable {

    private final Duration patience;
    private final Set<Watched> open = ConcurrentHashMap.newKeySet();
    private final LongAdder moved = new LongAdder();
    private final ScheduledExecutorService watchman =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("stall-watch").factory());

    /** A watch that breaks off what has not moved for {@code patience}. */
    StallWatch(Duration patience) {
        this.patience = patience;
        long period = Math.max(1, patience.toMillis() / 4);
        var _ = watchman.scheduleWithFixedDelay(this::look, period, period, TimeUnit.MILLISECONDS);
    }

    /** Begins to watch an exchange, from its body's first byte on. */
    Watched watch(Runnable breakOff) {
        Watched watched = new Watched(breakOff);
        open.add(watched);
        return watched;
    }

    /** Bytes of all bodies, from the beginning on and as they go. */
    long moved() {
        return moved.sum();
    }

    private void look() {
        long now = System.nanoTime();
        for (Watched watched : open) {
            if (watched.moving && now - watched.lastMove > patience.toNanos()) {
                watched.stall();
            }
        }
    }

    @Override
    public void close() {
        watchman.shutdownNow();
    }

    /** An exchange under watch. */
    final class Watched implements AutoCloseable {
        private final Runnable breakOff;
        private volatile long lastMove = System.nanoTime();
        private volatile boolean moving;
        private volatile boolean stalled;

        private Watched(Runnable breakOff) {
            this.breakOff = breakOff;
        }

        /** So many bytes have moved, or 0 and some are about to; more are expected. */
        void moved(long bytes) {
            moved.add(bytes);
            lastMove = System.nanoTime();
            moving = true;
        }

        /** Nothing is expected to move for now: the other end thinks. */
        void rests() {
            moving = false;
        }

        /** Whether it was broken off for not moving. */
        boolean stalled() {
            return stalled;
        }

        private void stall() {
            stalled = true;
            open.remove(this);
            // On a thread of its own: no exchange may keep the others from being watched.
            Thread.startVirtualThread(breakOff);
        }

        @Override
        public void close() {
            open.remove(this);
        }
    }
}
