package dev.tapestry.node.egress;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before trying again: exponential, and anywhere in the upper half of the longest,
 * so that a restarted coordinator is not met by all nodes at once.
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

    /** The same with waits so many times as long: for what costs more to try. */
    public RetryPolicy slower(int times) {
        return new RetryPolicy(first.multipliedBy(times), cap.multipliedBy(times), random, pause);
    }

    /** The wait after {@code failures} failures in a row: at least half of the longest. */
    public Duration delay(int failures) {
        long longest = first.toMillis() << Math.min(failures - 1, 20);
        long bound = Math.min(longest, cap.toMillis());
        return Duration.ofMillis(bound / 2 + random.nextLong(bound / 2 + 1));
    }

    /**
     * Waits.
     *
     * @throws NodeException {@code STOPPED}: interrupted
     */
    public void rest(Duration delay) {
        try {
            pause.rest(delay);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NodeException(Code.STOPPED, "the node was asked to stop", e);
        }
    }
}
