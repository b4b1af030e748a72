package dev.tapestry.consortium.protocol;

import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Who is there, who is awaited, and how far they are.
 *
 * @param clock the coordinator's time, from which ages are counted
 * @param members active members, sorted
 * @param endings certificates that end soon, and what happens then
 */
public record PresenceView(Instant clock, List<Presence> members, List<Ending> endings) {
    public PresenceView {
        members = List.copyOf(members);
        endings = List.copyOf(endings);
    }

    /** Everybody who is awaited and how far they are, in one line; empty where nobody is. */
    public String awaited() {
        return members.stream()
                .filter(Presence::awaited)
                .map(presence -> presence.member() + ": " + presence.state(clock))
                .collect(Collectors.joining("; "));
    }
}
