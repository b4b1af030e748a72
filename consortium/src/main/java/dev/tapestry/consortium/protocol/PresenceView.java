package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.Standstill;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Who is there, who is awaited, and how far they are.
 *
 * @param clock the coordinator's time, from which ages are counted
 * @param members active members, sorted
 * @param endings certificates that end soon, and what happens then
 * @param hindrance what the coordinator itself could not do within the last two minutes
 * @param arrived how many contributions, or scores, are in; empty where none are awaited
 * @param work what the coordinator itself is doing in the round, while it does
 * @param standstill why a run that is under way begins no round
 */
public record PresenceView(
        Instant clock,
        List<Presence> members,
        List<Ending> endings,
        Optional<Hindrance> hindrance,
        @LeftOutWhenEmpty Optional<Integer> arrived,
        @LeftOutWhenEmpty Optional<RoundWork> work,
        @LeftOutWhenEmpty Optional<Standstill> standstill) {

    public PresenceView {
        members = List.copyOf(members);
        endings = List.copyOf(endings);
    }
}
