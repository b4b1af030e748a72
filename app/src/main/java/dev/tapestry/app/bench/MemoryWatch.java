package dev.tapestry.app.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Looks five times a second at what a coordinator and its members have in memory, and knows what
 * they are doing then. Thread-safe.
 */
final class MemoryWatch implements AutoCloseable {

    private static final int MILLIS = 200;

    private final Child coordinator;
    private final List<Child> members;
    private final long begun = System.nanoTime();
    private final Map<Child, RoundStep> doing = new HashMap<>();
    private final Map<RoundStep, Seen> steps = new EnumMap<>(RoundStep.class);
    private final List<Moment> moments = new ArrayList<>();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("memory-watch").unstarted(this::watch);

    /**
     * What was seen at one time.
     *
     * @param member the largest of each figure among all members
     * @param steps that any member was in
     */
    record Moment(double seconds, Resident coordinator, Resident member, Set<RoundStep> steps) {}

    /** What was seen during a step. */
    private static final class Seen {
        private Resident coordinator = Resident.NONE;
        private Resident member = Resident.NONE;
        private long bytes;
        private long nanos;
        private long since;
        private int active;
    }

    /**
     * What was seen during a step.
     *
     * @param seconds in which at least one member was in it
     * @param bytes that they moved in it, all together
     * @param coordinator the largest figures meanwhile
     * @param member the same of those who were in it
     */
    record Stretch(double seconds, long bytes, Resident coordinator, Resident member) {}

    /** A member takes a step. */
    @FunctionalInterface
    interface Work {
        /** How many bytes it moved. */
        long run();
    }

    MemoryWatch(Child coordinator, List<Child> members) {
        this.coordinator = coordinator;
        this.members = List.copyOf(members);
        thread.start();
    }

    private void watch() {
        try {
            while (true) {
                look();
                Thread.sleep(MILLIS);
            }
        } catch (InterruptedException _) {
            // Closed.
        }
    }

    private void look() {
        Resident central = coordinator.resident();
        Map<Child, Resident> found = new HashMap<>();
        members.forEach(member -> found.put(member, member.resident()));
        synchronized (steps) {
            Resident largest = Resident.NONE;
            for (Map.Entry<Child, Resident> member : found.entrySet()) {
                largest = largest.max(member.getValue());
                RoundStep step = doing.get(member.getKey());
                if (step != null) {
                    Seen seen = seen(step);
                    seen.coordinator = seen.coordinator.max(central);
                    seen.member = seen.member.max(member.getValue());
                }
            }
            Set<RoundStep> active = EnumSet.noneOf(RoundStep.class);
            active.addAll(doing.values());
            moments.add(new Moment((System.nanoTime() - begun) / 1e9, central, largest, active));
        }
    }

    private Seen seen(RoundStep step) {
        return steps.computeIfAbsent(step, _ -> new Seen());
    }

    /** Has a member take a step, and notes how long that took. */
    void during(Child member, RoundStep step, Work work) {
        synchronized (steps) {
            doing.put(member, step);
            Seen seen = seen(step);
            if (seen.active++ == 0) {
                seen.since = System.nanoTime();
            }
        }
        long bytes = 0;
        try {
            bytes = work.run();
        } finally {
            synchronized (steps) {
                doing.remove(member, step);
                Seen seen = seen(step);
                seen.bytes += bytes;
                if (--seen.active == 0) {
                    seen.nanos += System.nanoTime() - seen.since;
                }
            }
        }
    }

    /** By step, in the order of a round. */
    Map<RoundStep, Stretch> stretches() {
        Map<RoundStep, Stretch> stretches = new EnumMap<>(RoundStep.class);
        synchronized (steps) {
            steps.forEach((step, seen) ->
                    stretches.put(
                            step,
                            new Stretch(
                                    seen.nanos / 1e9, seen.bytes, seen.coordinator, seen.member)));
        }
        return stretches;
    }

    /** All that was seen, in order. */
    List<Moment> moments() {
        synchronized (steps) {
            return List.copyOf(moments);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
