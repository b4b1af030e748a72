package dev.tapestry.coordinator;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** The system's clock, which a test can advance. */
final class TestClock implements InstantSource {

    private volatile Duration ahead = Duration.ZERO;
    private volatile Duration elapsed = Duration.ZERO;
    private volatile Optional<Error> breakage = Optional.empty();
    private final AtomicLong asked = new AtomicLong();
    private volatile Runnable looked = () -> {};
    private boolean looking;

    @Override
    public Instant instant() {
        if (Thread.currentThread().getName().equals("round-desk")) {
            asked.incrementAndGet();
            if (breakage.isPresent()) {
                throw breakage.get();
            }
            if (!looking) {
                looking = true; // what is done then may look at the clock too
                looked.run();
                looking = false;
            }
        }
        return Instant.now().plus(ahead);
    }

    /** Time passes. */
    void advance(Duration by) {
        elapsed = elapsed.plus(by);
        set(by);
    }

    /** Somebody sets the clock, without any time passing. */
    void set(Duration ahead) {
        this.ahead = this.ahead.plus(ahead);
    }

    /** A clock that only passing time moves, in nanoseconds; and only what a test lets pass. */
    long steady() {
        return elapsed.toNanos();
    }

    /** How often the round desk has asked what time it is. */
    long asked() {
        return asked.get();
    }

    /** What happens on the round desk's thread whenever it looks at the clock. */
    void whenTheRoundDeskLooks(Runnable action) {
        looked = action;
    }

    /** What the round desk gets instead of the time from now on. */
    void breakRoundDesk(Optional<Error> with) {
        breakage = with;
    }
}
