package dev.tapestry.coordinator;

import dev.tapestry.consortium.MemberId;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Lets one manifest of a member into memory at a time: read, it takes tens of times its length. The
 * newest request counts, so one that hangs in the middle of its body is cut off for it.
 * Thread-safe.
 */
final class ManifestTurns {

    /** What is not in its body any more is hashed at most: who waits longer is to come again. */
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    private final ConcurrentMap<MemberId, Turn> turns = new ConcurrentHashMap<>();

    /**
     * A member's turn.
     *
     * @param one is taken by who reads
     * @param taken the connection that does
     */
    private record Turn(Semaphore one, AtomicReference<@Nullable Visit> taken) {}

    /** Reads a manifest and does something about it. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException;
    }

    /**
     * Waits for the member's turn, and works.
     *
     * @throws ApiRefusal {@code BUSY}: it did not come in time
     */
    void take(MemberId member, Visit visit, Work work) throws IOException, InterruptedException {
        Turn turn =
                turns.computeIfAbsent(
                        member, _ -> new Turn(new Semaphore(1), new AtomicReference<>()));
        Visit before = turn.taken.get();
        if (before != null && before.isReceiving()) {
            before.close();
        }
        if (!turn.one.tryAcquire(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new ApiRefusal(
                    ApiCode.BUSY,
                    "another manifest of %s is being read; send it again".formatted(member));
        }
        try {
            turn.taken.set(visit);
            work.run();
        } finally {
            turn.taken.compareAndSet(visit, null);
            turn.one.release();
        }
    }
}
