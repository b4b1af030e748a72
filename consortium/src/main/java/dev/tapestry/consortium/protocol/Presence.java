package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.MemberId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What the coordinator knows of an active member's node.
 *
 * @param member whose node it is
 * @param awaited whether the round waits for it
 * @param seen when it last asked or told something; empty if not since the coordinator was started
 * @param advanced when its work or its upload last went on, by steps, bytes, or a new kind of work
 * @param activity what it last said that it does
 * @param received bytes of its contribution to this round that have arrived; 0 before the first and
 *     once it is sealed
 * @param expected bytes of that contribution; 0 where none is on its way
 * @param failure what last kept it from going on in the round under way, whatever it does since
 */
public record Presence(
        MemberId member,
        boolean awaited,
        Optional<Instant> seen,
        Optional<Instant> advanced,
        Optional<Activity> activity,
        long received,
        long expected,
        @LeftOutWhenEmpty Optional<Failure> failure) {

    /** A node asks for news at least so often while it is there. */
    private static final Duration SILENCE = Duration.ofSeconds(90);

    /** One that has not failed in this round. */
    public Presence(
            MemberId member,
            boolean awaited,
            Optional<Instant> seen,
            Optional<Instant> advanced,
            Optional<Activity> activity,
            long received,
            long expected) {
        this(member, awaited, seen, advanced, activity, received, expected, Optional.empty());
    }

    /** Who it is, when it was last seen, what it does and how far it is, in words. */
    public String line(Instant now) {
        return member
                + seen.map(_ -> ", last seen " + lastSeen(now)).orElse("")
                + ", "
                + state(now);
    }

    /** What it does and how far it is, in words, and what it has failed at. */
    public String state(Instant now) {
        boolean told = activity.flatMap(Activity::code).isPresent();
        return doing(now)
                + failure.filter(_ -> !told).map(it -> " (" + it.line(now) + ")").orElse("");
    }

    /**
     * What was last heard of it, for the log: of its trouble the code and where it came up, but not
     * the member's own words, which are told to those who are there and not kept for ever.
     */
    public String heard(Instant now) {
        String last = seen.isEmpty() ? state(now) : "last seen " + lastSeen(now);
        String doing =
                activity.filter(it -> it.code().isEmpty()).map(it -> ", " + it.words()).orElse("");
        return last + failure.map(it -> ", " + it.words()).orElse(doing);
    }

    private String doing(Instant now) {
        if (seen.isEmpty()) {
            return "not seen since the coordinator was started";
        }
        String doing =
                expected > 0
                        ? "sending, %d %% of %,d bytes are here"
                                .formatted(100 * received / expected, expected)
                        : activity.map(Activity::words).orElse("");
        if (Duration.between(seen.get(), now).compareTo(SILENCE) <= 0) {
            return doing.isEmpty() ? "there" : doing;
        }
        return doing.isEmpty() ? "away" : "away, before " + doing;
    }

    /** When it was last seen, in words. */
    public String lastSeen(Instant now) {
        return seen.map(at -> Times.span(Duration.between(at, now)) + " ago").orElse("not yet");
    }
}
