package dev.tapestry.consortium.protocol;

import java.time.Instant;
import java.util.List;

/**
 * Who is there, who is awaited, and how far they are.
 *
 * @param clock the coordinator's time, from which ages are counted
 * @param members active members, sorted
 */
public record PresenceView(Instant clock, List<Presence> members) {
    public PresenceView {
        members = List.copyOf(members);
    }
}
