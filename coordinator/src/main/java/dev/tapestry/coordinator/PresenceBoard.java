package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.Failure;
import dev.tapestry.consortium.protocol.Hindrance;
import dev.tapestry.consortium.protocol.Presence;
import dev.tapestry.consortium.protocol.PresenceView;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * When members' nodes were last seen, and what they said that they do. In memory: after a restart
 * it fills with the nodes' next requests. Thread-safe.
 */
final class PresenceBoard {

    /** Who is hindered tries again more often. */
    private static final Duration LATELY = Duration.ofMinutes(2);

    private final UploadDesk uploads;
    private final Endings endings;
    private final WorkBoard work;
    private final InstantSource clock;
    private final LongSupplier steady;
    private final ConcurrentMap<MemberId, Trace> traces = new ConcurrentHashMap<>();
    private final AtomicReference<Optional<Hindrance>> hindrance =
            new AtomicReference<>(Optional.empty());

    /** What the round is waiting for, and since when by the steady clock. */
    private final AtomicReference<Wait> wait;

    private record Wait(String what, long since) {}

    /**
     * What is known of one node.
     *
     * @param heard when {@code seen} was last moved, by the steady clock in nanoseconds
     * @param moved when {@code advanced} was, by the same
     * @param received bytes of its open upload then
     */
    private record Trace(
            Optional<Instant> seen,
            Optional<Instant> advanced,
            long heard,
            long moved,
            Optional<Activity> activity,
            Optional<Failure> failure,
            long received) {

        static Trace none(long moment) {
            return new Trace(
                    Optional.empty(),
                    Optional.empty(),
                    moment,
                    moment,
                    Optional.empty(),
                    Optional.empty(),
                    0);
        }

        Trace seenAt(Instant now, long moment) {
            return new Trace(
                    Optional.of(now), advanced, moment, moved, activity, failure, received);
        }

        Trace doing(Activity next, Instant now, long moment) {
            boolean same = activity.equals(Optional.of(next));
            return new Trace(
                    Optional.of(now),
                    same ? advanced : Optional.of(now),
                    moment,
                    same ? moved : moment,
                    Optional.of(next),
                    Failure.of(next, now).or(() -> failure),
                    received);
        }

        Trace having(long bytes, Instant now, long moment) {
            return bytes == received
                    ? this
                    : new Trace(seen, Optional.of(now), heard, moment, activity, failure, bytes);
        }
    }

    /**
     * An empty board.
     *
     * @param clock tells people when
     * @param steady tells how long, in nanoseconds; nobody can set it
     */
    PresenceBoard(
            UploadDesk uploads,
            Endings endings,
            WorkBoard work,
            InstantSource clock,
            LongSupplier steady) {
        this.uploads = uploads;
        this.endings = endings;
        this.work = work;
        this.clock = clock;
        this.steady = steady;
        this.wait = new AtomicReference<>(new Wait("", steady.getAsLong()));
    }

    /** The coordinator itself could not do what was asked, or what was due. */
    void hindered(ApiCode code, String detail) {
        hindrance.set(Optional.of(new Hindrance(code.name(), detail, clock.instant())));
    }

    /** The member's node has asked or told something. */
    void seen(MemberId member) {
        Instant now = clock.instant();
        long moment = steady.getAsLong();
        change(member, trace -> trace.seenAt(now, moment));
    }

    /** The member's node says what it does. */
    void tell(MemberId member, Activity activity) {
        Instant now = clock.instant();
        long moment = steady.getAsLong();
        change(member, trace -> trace.doing(activity, now, moment));
    }

    private Trace change(MemberId member, UnaryOperator<Trace> change) {
        return traces.compute(
                member,
                (_, known) -> change.apply(known == null ? Trace.none(steady.getAsLong()) : known));
    }

    /**
     * Of the members for whom the round is waiting, those that have not advanced for so long: no
     * step, no byte, no other work begun. Counted from the beginning of this wait at the earliest,
     * and from that of this process. Of one that was away before the wait began, silence is that it
     * has not been heard of for so long, however long this wait is.
     */
    Set<MemberId> silentFor(Duration lease, Consortium consortium) {
        long moment = steady.getAsLong();
        String what = consortium.round().map(r -> r.number() + " " + r.phase()).orElse("");
        long since =
                wait.updateAndGet(
                                known -> known.what().equals(what) ? known : new Wait(what, moment))
                        .since();
        return consortium.round().map(RoundState::awaited).orElse(List.of()).stream()
                .filter(member -> {
                    Trace trace = arrived(member, uploads.arrival(member));
                    long from =
                            consortium.away().contains(member)
                                    ? Math.max(trace.moved(), Math.min(trace.heard(), since))
                                    : Math.max(trace.moved(), since);
                    return moment - from >= lease.toNanos();
                })
                .collect(Collectors.toSet());
    }

    private Trace arrived(MemberId member, UploadDesk.Arrival arrival) {
        Instant now = clock.instant();
        long moment = steady.getAsLong();
        return change(member, trace -> trace.having(arrival.received(), now, moment));
    }

    /** What is known of all active members. */
    PresenceView view(Consortium consortium) {
        Instant now = clock.instant();
        return new PresenceView(
                now,
                consortium.members().values().stream()
                        .filter(Member::active)
                        .map(member -> presence(member.id(), consortium.round()))
                        .toList(),
                endings.at(now, consortium),
                hindrance
                        .get()
                        .filter(it -> it.at().plus(LATELY).isAfter(now))
                        .or(() -> work.stalled(consortium.charter().lease())),
                consortium.round().flatMap(Views::arrived),
                work.view(),
                consortium.standstill());
    }

    /** What was last heard of those for whom the round waits. */
    Map<MemberId, String> heard(Consortium consortium) {
        Instant now = clock.instant();
        return consortium.round().map(RoundState::awaited).orElse(List.of()).stream()
                .collect(
                        Collectors.toMap(
                                Function.identity(),
                                member -> presence(member, consortium.round()).heard(now)));
    }

    private Presence presence(MemberId member, Optional<RoundState> round) {
        UploadDesk.Arrival arrival = uploads.arrival(member);
        Trace trace = arrived(member, arrival);
        return new Presence(
                member,
                round.filter(it -> it.awaited().contains(member)).isPresent(),
                trace.seen(),
                trace.advanced(),
                trace.activity(),
                arrival.received(),
                arrival.expected(),
                trace.failure()
                        .filter(it ->
                                round.filter(open -> !open.over())
                                        .filter(open -> open.number().value() == it.round())
                                        .isPresent()));
    }
}
