package dev.tapestry.consortium;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * Time that passes only from task to task; tasks of the same instant run in the order they came.
 */
final class VirtualClock {

    private record Task(Instant at, long order, Runnable action) {}

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparing(Task::at).thenComparingLong(Task::order));
    private Instant now = Sample.NOON;
    private long order;

    Instant now() {
        return now;
    }

    void after(Duration delay, Runnable action) {
        at(now.plus(delay), action);
    }

    void at(Instant instant, Runnable action) {
        tasks.add(new Task(instant.isBefore(now) ? now : instant, order++, action));
    }

    /** Runs the next task; false where there is none. */
    boolean step() {
        Task next = tasks.poll();
        if (next == null) {
            return false;
        }
        now = next.at();
        next.action().run();
        return true;
    }
}
