package dev.tapestry.node.egress;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before trying again: exponential with full jitter, so that a restarted
 * coordinator is not met by all nodes at once.
 *
 * @param first the longest wait after the first failure
 * @param cap the longest wait ever
 * @param random spreads the waits
 * @param pause waits
 */
public record RetryPolicy(Duration first, Duration cap, RandomGenerator random, Pause pause) {

    /** Waits; a test's one does not. */
    @FunctionalInterface
    public interface Pause {
        /** Waits for {@code duration}. */
        void rest(Duration duration) throws InterruptedException;
    }

    /** From half a second up to 30 seconds. */
    public static RetryPolicy standard(RandomGenerator random) {
        return new RetryPolicy(
                Duration.ofMillis(500), Duration.ofSeconds(30), random, Thread::sleep);
    }

    /** The wait after {@code failures} failures in a row: at least half of the longest. */
    Duration delay(int failures) {
        long longest = first.toMillis() << Math.min(failures - 1, 20);
        long bound = Math.min(longest, cap.toMillis());
        return Duration.ofMillis(bound / 2 + random.nextLong(bound / 2 + 1));
    }
}
