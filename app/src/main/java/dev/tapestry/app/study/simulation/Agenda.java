package dev.tapestry.app.study.simulation;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The virtual clock: what is to happen, in the order of its time. What is to happen at one time
 * happens in the order in which it was noted.
 */
public final class Agenda implements InstantSource {

    private static final double NANOS = 1e9;

    private record Entry(Instant at, long number, Runnable what) {}

    private final PriorityQueue<Entry> entries =
            new PriorityQueue<>(Comparator.comparing(Entry::at).thenComparingLong(Entry::number));
    private Instant now = Instant.EPOCH;
    private long noted;

    @Override
    public Instant instant() {
        return now;
    }

    /** Seconds since the beginning. */
    public double seconds() {
        return Duration.between(Instant.EPOCH, now).toMillis() / 1e3;
    }

    public void at(Instant when, Runnable what) {
        entries.add(new Entry(when, noted++, what));
    }

    /** Notes what happens so many seconds from now. */
    public void in(double seconds, Runnable what) {
        at(after(seconds), what);
    }

    /** The instant so many seconds from now. */
    public Instant after(double seconds) {
        return now.plusNanos(Math.round(seconds * NANOS));
    }

    /** Seconds from now until {@code when}; 0 if that is over. */
    public double secondsUntil(Instant when) {
        return Math.max(0, Duration.between(now, when).toNanos() / NANOS);
    }

    /** Lets the next thing happen; false if nothing is left. */
    public boolean next() {
        Entry entry = entries.poll();
        if (entry == null) {
            return false;
        }
        now = entry.at();
        entry.what().run();
        return true;
    }

    /** Nothing of what was noted happens any more. */
    public void clear() {
        entries.clear();
    }
}
