package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.Presence;
import dev.tapestry.consortium.protocol.PresenceView;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * When members' nodes were last seen, and what they said that they do. In memory: after a restart
 * it fills with the nodes' next requests. Thread-safe.
 */
final class PresenceBoard {

    private final UploadDesk uploads;
    private final Endings endings;
    private final InstantSource clock;
    private final ConcurrentMap<MemberId, Trace> traces = new ConcurrentHashMap<>();

    /**
     * What is known of one node.
     *
     * @param received bytes of its open upload when {@code advanced} was last moved
     */
    private record Trace(
            Optional<Instant> seen,
            Optional<Instant> advanced,
            Optional<Activity> activity,
            long received) {

        private static final Trace NONE =
                new Trace(Optional.empty(), Optional.empty(), Optional.empty(), 0);

        Trace seenAt(Instant now) {
            return new Trace(Optional.of(now), advanced, activity, received);
        }

        Trace doing(Activity next, Instant now) {
            boolean same = activity.equals(Optional.of(next));
            return new Trace(
                    Optional.of(now),
                    same ? advanced : Optional.of(now),
                    Optional.of(next),
                    received);
        }

        Trace having(long bytes, Instant now) {
            return bytes == received ? this : new Trace(seen, Optional.of(now), activity, bytes);
        }
    }

    PresenceBoard(UploadDesk uploads, Endings endings, InstantSource clock) {
        this.uploads = uploads;
        this.endings = endings;
        this.clock = clock;
    }

    /** The member's node has asked or told something. */
    void seen(MemberId member) {
        Instant now = clock.instant();
        traces.merge(member, Trace.NONE.seenAt(now), (known, _) -> known.seenAt(now));
    }

    /** The member's node says what it does. */
    void tell(MemberId member, Activity activity) {
        Instant now = clock.instant();
        traces.compute(
                member, (_, known) -> (known == null ? Trace.NONE : known).doing(activity, now));
    }

    /** What is known of all active members. */
    PresenceView view(Consortium consortium) {
        Instant now = clock.instant();
        List<MemberId> awaited = consortium.round().map(RoundState::awaited).orElse(List.of());
        return new PresenceView(
                now,
                consortium.members().values().stream()
                        .filter(Member::active)
                        .map(member -> presence(member.id(), awaited.contains(member.id()), now))
                        .toList(),
                endings.at(now, consortium));
    }

    private Presence presence(MemberId member, boolean awaited, Instant now) {
        UploadDesk.Arrival arrival = uploads.arrival(member);
        Trace trace =
                traces.compute(
                        member,
                        (_, known) ->
                                (known == null ? Trace.NONE : known)
                                        .having(arrival.received(), now));
        return new Presence(
                member,
                awaited,
                trace.seen(),
                trace.advanced(),
                trace.activity(),
                arrival.received(),
                arrival.expected());
    }
}
