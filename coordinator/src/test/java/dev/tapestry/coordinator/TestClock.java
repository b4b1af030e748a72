package dev.tapestry.coordinator;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/** The system's clock, which a test can advance. */
final class TestClock implements InstantSource {

    private volatile Duration ahead = Duration.ZERO;
    private volatile Optional<Error> breakage = Optional.empty();

    @Override
    public Instant instant() {
        if (Thread.currentThread().getName().equals("round-desk") && breakage.isPresent()) {
            throw breakage.get();
        }
        return Instant.now().plus(ahead);
    }

    void advance(Duration by) {
        ahead = ahead.plus(by);
    }

    /** What the round desk gets instead of the time from now on. */
    void breakRoundDesk(Optional<Error> with) {
        breakage = with;
    }
}
