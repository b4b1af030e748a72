package dev.tapestry.coordinator;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The memory through which parts pass on their way in and out: so many buffers for all members
 * together, however many there are and however many parts they have under way.
 *
 * <p>A part that gets none waits, and its line with it: nothing was read from the connection, so
 * TCP holds the sender back. Whoever has waited for a while is told to come again, before its
 * sender takes the connection for dead.
 *
 * <p>Buffers are shared by dynamic thresholds (Choudhury and Hahne, 1998): a member may have one
 * more while more are free than it has. Alone it gets half of them, beside n others as greedy as
 * itself 1/(n + 2), and as many stay free for whoever comes next: members that are slow, or keep
 * many lines busy, starve nobody. A part that is compressed on its way counts as many as the memory
 * that this needs. A buffer that comes back goes to who has fewest, of these to who waited longest.
 * Thread-safe.
 */
final class PartBuffers {

    /** A TLS record brings 16 KiB; whole buffers cost fewer calls of the disk. */
    static final int BUFFER_BYTES = 256 << 10;

    private final int buffers;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<byte[]> spare = new ArrayDeque<>();
    private final Map<String, Integer> held = new HashMap<>();
    private final SequencedSet<Waiter> waiters = new LinkedHashSet<>();
    private int free;

    /** A part that waits for its buffer. */
    private static final class Waiter {
        private final String owner;
        private final int places;
        private final Condition called;
        private @Nullable Lent lent;

        Waiter(String owner, int places, Condition called) {
            this.owner = owner;
            this.places = places;
            this.called = called;
        }
    }

    /** A buffer that is lent until it is closed. */
    final class Lent implements AutoCloseable {
        private final String owner;
        private final int places;
        private final byte[] bytes;
        private boolean returned;

        private Lent(String owner, int places, byte[] bytes) {
            this.owner = owner;
            this.places = places;
            this.bytes = bytes;
        }

        byte[] bytes() {
            return bytes;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (!returned) {
                    returned = true;
                    takeBack(this);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Buffers that together have this size.
     *
     * @param bytes at least one buffer
     * @param patience for how long a part waits
     */
    PartBuffers(long bytes, Duration patience) {
        this.buffers = Math.toIntExact(Math.max(1, bytes / BUFFER_BYTES));
        this.patience = patience;
        this.free = buffers;
    }

    /**
     * Waits for a buffer.
     *
     * @param owner whose part it is
     * @throws ApiRefusal {@code BUSY}: none came in time
     */
    Lent take(String owner) throws InterruptedException {
        return take(owner, 0);
    }

    /**
     * Waits for a buffer, and for as much memory besides as is used elsewhere while it is lent.
     *
     * @param besides bytes
     * @throws ApiRefusal {@code BUSY}: none came in time
     */
    Lent take(String owner, long besides) throws InterruptedException {
        int wanted = Math.toIntExact(1 + Math.ceilDiv(besides, BUFFER_BYTES));
        // Where all of it is less than that, what has all is served.
        int places = Math.min(wanted, buffers);
        lock.lock();
        try {
            if (mayTake(owner, places)) {
                return lend(owner, places);
            }
            return await(new Waiter(owner, places, lock.newCondition()));
        } finally {
            lock.unlock();
        }
    }

    private Lent await(Waiter waiter) throws InterruptedException {
        waiters.addLast(waiter);
        try {
            long left = patience.toNanos();
            while (waiter.lent == null && left > 0) {
                left = waiter.called.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            if (waiter.lent != null) {
                takeBack(waiter.lent);
            }
            throw e;
        } finally {
            waiters.remove(waiter);
        }
        Lent lent = waiter.lent;
        if (lent == null) {
            throw new ApiRefusal(
                    ApiCode.BUSY,
                    "%d places for parts are taken, %d of them by %s; send this one again in a moment"
                            .formatted(buffers - free, holding(waiter.owner), waiter.owner));
        }
        return lent;
    }

    private boolean mayTake(String owner, int places) {
        return free >= holding(owner) + places;
    }

    private int holding(String owner) {
        return held.getOrDefault(owner, 0);
    }

    private Lent lend(String owner, int places) {
        free -= places;
        held.merge(owner, places, Integer::sum);
        byte[] bytes = spare.pollLast();
        return new Lent(owner, places, bytes == null ? new byte[BUFFER_BYTES] : bytes);
    }

    private void takeBack(Lent lent) {
        free += lent.places;
        held.computeIfPresent(
                lent.owner, (_, count) -> count == lent.places ? null : count - lent.places);
        spare.addLast(lent.bytes);
        for (Optional<Waiter> next = next(); next.isPresent(); next = next()) {
            Waiter waiter = next.get();
            waiters.remove(waiter);
            waiter.lent = lend(waiter.owner, waiter.places);
            waiter.called.signal();
        }
    }

    private Optional<Waiter> next() {
        return waiters.stream()
                .filter(waiter -> mayTake(waiter.owner, waiter.places))
                .min(Comparator.comparingInt(waiter -> holding(waiter.owner)));
    }

    /** Buffers that are lent, and the memory besides in as many. */
    int lent() {
        lock.lock();
        try {
            return buffers - free;
        } finally {
            lock.unlock();
        }
    }

    /** Parts that wait. */
    int waiting() {
        lock.lock();
        try {
            return waiters.size();
        } finally {
            lock.unlock();
        }
    }
}
