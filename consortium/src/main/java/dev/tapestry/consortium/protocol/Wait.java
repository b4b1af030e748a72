package dev.tapestry.consortium.protocol;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * For what a round waits, in one wording for the coordinator's log and for people who ask.
 *
 * @param round where the loop is
 * @param presence who is there, asked for at about the same time
 */
public record Wait(RoundView round, PresenceView presence) {

    /** Whether something is awaited, or hinders the coordinator itself. */
    public boolean isOne() {
        return !round.awaited().isEmpty()
                || round.phase() == RoundView.Phase.MERGING
                || presence.work().isPresent()
                || presence.standstill().isPresent()
                || presence.hindrance().isPresent();
    }

    /** Round, phase, what is in and what is not, until when, and what hinders. */
    public String line() {
        StringBuilder line = new StringBuilder();
        round.plan().ifPresent(plan -> line.append("round ").append(plan.round()).append(' '));
        line.append(round.phase().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        String open = open();
        if (!open.isEmpty()) {
            line.append(": ").append(open);
        }
        if (!round.reason().isEmpty()) {
            line.append(": ").append(round.reason());
        }
        presence.hindrance().ifPresent(it -> line.append("; ").append(it.line(presence.clock())));
        return line.toString();
    }

    private String open() {
        if (!round.awaited().isEmpty()) {
            return tally(arrived(), missing(), round.deadline(), presence.clock());
        }
        return presence.work().map(work -> work.line(presence.clock())).orElse("");
    }

    /** How many are in; empty where presence and round are of different moments. */
    private Optional<Integer> arrived() {
        List<?> awaited =
                presence.members().stream()
                        .filter(Presence::awaited)
                        .map(Presence::member)
                        .toList();
        return presence.arrived().filter(_ -> awaited.equals(round.awaited()));
    }

    private List<String> missing() {
        return round.awaited().stream()
                .map(member ->
                        presence.members().stream()
                                .filter(known -> known.member().equals(member))
                                .map(known -> known.line(presence.clock()))
                                .findFirst()
                                .orElse(member.value()))
                .toList();
    }

    /**
     * How many are in, who is missing, until when.
     *
     * @param arrived left out where it is not known
     * @param missing each in words; at least one
     */
    public static String tally(
            Optional<Integer> arrived,
            List<String> missing,
            Optional<Instant> deadline,
            Instant now) {
        return arrived.map(in -> "%d of %d in; ".formatted(in, in + missing.size())).orElse("")
                + missing.stream().collect(Collectors.joining("; ", "missing: ", ""))
                + deadline.map(end -> "; until %s (%s)".formatted(Times.at(end, now), in(end, now)))
                        .orElse("");
    }

    private static String in(Instant end, Instant now) {
        return end.isBefore(now) ? "overdue" : "in " + Times.span(Duration.between(now, end));
    }
}
