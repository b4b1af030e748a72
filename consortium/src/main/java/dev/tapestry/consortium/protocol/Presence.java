package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.MemberId;
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
 */
public record Presence(
        MemberId member,
        boolean awaited,
        Optional<Instant> seen,
        Optional<Instant> advanced,
        Optional<Activity> activity,
        long received,
        long expected) {}
