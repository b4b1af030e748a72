package dev.tapestry.coordinator;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Lets few of something heavy be done at a time, in the order of those who ask; who has waited too
 * long is told to come again. Thread-safe.
 */
final class Turns {

    private final Semaphore places;
    private final Duration patience;
    private final String what;

    /** What is done in a turn. */
    @FunctionalInterface
    interface Work<T, E extends Exception> {
        T run() throws E;
    }

    /**
     * Turns.
     *
     * @param what of which so many are done at once, for people
     */
    Turns(int atOnce, Duration patience, String what) {
        this.places = new Semaphore(atOnce, true);
        this.patience = patience;
        this.what = what;
    }

    /**
     * Waits for a turn, and works.
     *
     * @throws ApiRefusal {@code BUSY}: none came in time; {@code CLOSING}: interrupted
     */
    <T, E extends Exception> T take(Work<T, E> work) throws E {
        try {
            if (!places.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new ApiRefusal(
                        ApiCode.BUSY,
                        "%s of other members take all turns (%d wait); ask again in a moment"
                                .formatted(what, places.getQueueLength()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ApiRefusal(ApiCode.CLOSING, "the coordinator is being stopped");
        }
        try {
            return work.run();
        } finally {
            places.release();
        }
    }
}
