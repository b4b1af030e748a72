package dev.tapestry.consortium.protocol;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Who is there, who is awaited, and how far they are.
 *
 * @param clock the coordinator's time, from which ages are counted
 * @param members active members, sorted
 * @param endings certificates that end soon, and what happens then
 * @param hindrance what the coordinator itself could not do within the last two minutes
 */
public record PresenceView(
        Instant clock,
        List<Presence> members,
        List<Ending> endings,
        Optional<Hindrance> hindrance) {

    public PresenceView {
        members = List.copyOf(members);
        endings = List.copyOf(endings);
    }

    /**
     * Everybody who is awaited and how far they are, and what hinders the coordinator itself, in
     * one line; empty where nobody and nothing is.
     */
    public String awaited() {
        Stream<String> awaited =
                members.stream()
                        .filter(Presence::awaited)
                        .map(presence -> presence.member() + ": " + presence.state(clock));
        return Stream.concat(awaited, hindrance.stream().map(it -> it.line(clock)))
                .collect(Collectors.joining("; "));
    }
}
