package dev.tapestry.coordinator;

import dev.tapestry.aggregation.MergeHeadway;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Hindrance;
import dev.tapestry.consortium.protocol.RoundWork;
import dev.tapestry.consortium.protocol.RoundWork.Step;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/**
 * What the coordinator itself is at in a round, and how far. In memory, told by those who work.
 * Thread-safe: any thread may read, and many tell.
 */
final class WorkBoard {

    /** So long nothing may move before it is called a hindrance, by a charter without a lease. */
    static final Duration PATIENCE = Duration.ofMinutes(10);

    /** The same for a step in which nothing is counted. */
    private static final Duration UNCOUNTED = Duration.ofHours(1);

    /** A hundredth of the work tells how long the rest takes. */
    private static final int ENOUGH = 100;

    private final InstantSource clock;
    private final LongSupplier steady;
    private final AtomicReference<Optional<Trace>> trace = new AtomicReference<>(Optional.empty());

    /**
     * How far a step is.
     *
     * @param before numbers that were done when the step began
     * @param began when it did, by the steady clock in nanoseconds
     * @param moment when it last moved, by the same
     */
    private record Trace(
            RoundNumber round,
            Step step,
            int part,
            int parts,
            long before,
            long done,
            long all,
            Instant since,
            Instant moved,
            long began,
            long moment) {

        boolean isCounted() {
            return parts > 0 || all > 0;
        }
    }

    /**
     * An empty board.
     *
     * @param clock tells people when
     * @param steady tells how long, in nanoseconds; nobody can set it
     */
    WorkBoard(InstantSource clock, LongSupplier steady) {
        this.clock = clock;
        this.steady = steady;
    }

    /** A step of this round begins. */
    void begin(RoundNumber round, Step step) {
        Instant now = clock.instant();
        long moment = steady.getAsLong();
        trace.set(Optional.of(new Trace(round, step, 0, 0, 0, 0, 0, now, now, moment, moment)));
    }

    /** The merge of this round is so far. */
    void merge(RoundNumber round, MergeHeadway headway) {
        Step step =
                switch (headway.step()) {
                    case CHECKING -> Step.CHECKING;
                    case SURVEYING -> Step.SURVEYING;
                    case MERGING -> Step.MERGING;
                };
        if (trace.get().filter(it -> it.step() == step).isEmpty()) {
            begin(round, step);
        }
        at(headway.shard(), headway.shards(), headway.done(), headway.all());
    }

    /** The step has come to this part, and to so many numbers of all. */
    void at(int part, int parts, long done, long all) {
        Instant now = clock.instant();
        long moment = steady.getAsLong();
        trace.updateAndGet(known ->
                known.map(it -> {
                    boolean first = it.all() == 0;
                    return new Trace(
                            it.round(),
                            it.step(),
                            part,
                            parts,
                            first ? done : it.before(),
                            Math.max(it.done(), done), // threads overtake each other
                            all,
                            it.since(),
                            now,
                            it.began(),
                            moment);
                }));
    }

    /** Nothing is being done any more. */
    void end() {
        trace.set(Optional.empty());
    }

    /** What is being done. */
    Optional<RoundWork> view() {
        return trace.get()
                .map(it ->
                        new RoundWork(
                                it.round().value(),
                                it.step(),
                                it.part(),
                                it.parts(),
                                it.done(),
                                it.all(),
                                it.since(),
                                it.moved(),
                                left(it)));
    }

    private Optional<Duration> left(Trace it) {
        long done = it.done() - it.before();
        if (done <= 0 || done < (it.all() - it.before()) / ENOUGH) {
            return Optional.empty();
        }
        double rest = (double) (it.all() - it.done()) / done;
        return Optional.of(Duration.ofSeconds(Math.round(rest * (it.moment() - it.began()) / 1e9)));
    }

    /** That nothing has moved for as long as a member may be silent, where that is so. */
    Optional<Hindrance> stalled(Optional<Duration> lease) {
        Duration patience = lease.orElse(PATIENCE);
        Duration uncounted = patience.compareTo(UNCOUNTED) < 0 ? UNCOUNTED : patience;
        long moment = steady.getAsLong();
        return trace.get()
                .filter(it ->
                        moment - it.moment() >= (it.isCounted() ? patience : uncounted).toNanos())
                .flatMap(it ->
                        view().map(work ->
                                new Hindrance(
                                        "STALLED",
                                        "nothing has moved since %s while %s; look at its disks and its log"
                                                .formatted(it.moved(), work.words()),
                                        clock.instant())));
    }
}
