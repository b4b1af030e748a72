package dev.tapestry.app.command;

import dev.tapestry.app.report.TextTable;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.Presence;
import dev.tapestry.consortium.protocol.PresenceView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** For whom a round waits and how far they are, in words. */
final class PresenceLines {

    /** A node asks for news at least so often while it is there. */
    private static final Duration SILENCE = Duration.ofSeconds(90);

    private PresenceLines() {}

    /** Everybody who is awaited, in one line; empty where nobody is. */
    static Optional<String> awaited(PresenceView view) {
        List<Presence> missing = view.members().stream().filter(Presence::awaited).toList();
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        missing.stream()
                                .map(member ->
                                        "%s: %s"
                                                .formatted(
                                                        member.member(),
                                                        state(member, view.clock())))
                                .collect(Collectors.joining("; ")));
    }

    /** All members, a line each. */
    static String table(PresenceView view) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("member", "awaited", "last seen", "state"));
        for (Presence member : view.members()) {
            rows.add(
                    List.of(
                            member.member().value(),
                            member.awaited() ? "yes" : "",
                            member.seen().map(at -> ago(at, view.clock())).orElse("not yet"),
                            state(member, view.clock())));
        }
        return TextTable.ofWords(rows);
    }

    private static String state(Presence member, Instant now) {
        Optional<Duration> silent = member.seen().map(seen -> Duration.between(seen, now));
        String away =
                silent.isEmpty()
                        ? "not seen since the coordinator was started"
                        : silent.get().compareTo(SILENCE) > 0
                                ? "away for " + words(silent.get())
                                : "";
        String doing =
                Optional.of(member.expected())
                        .filter(bytes -> bytes > 0)
                        .map(bytes ->
                                "sending, %d %% of %,d bytes are here"
                                        .formatted(100 * member.received() / bytes, bytes))
                        .or(() -> member.activity().map(PresenceLines::doing))
                        .orElse("");
        if (away.isEmpty()) {
            return doing.isEmpty() ? "there" : doing;
        }
        return doing.isEmpty() ? away : away + ", last " + doing;
    }

    private static String doing(Activity activity) {
        StringBuilder words = new StringBuilder(activity.doing().name().toLowerCase(Locale.ROOT));
        if (activity.of() > 0) {
            words.append(", step %d of %d".formatted(activity.done(), activity.of()));
        }
        activity.code().ifPresent(code -> words.append(": ").append(code));
        activity.reason().ifPresent(reason -> words.append(" (").append(reason).append(')'));
        return words.toString();
    }

    private static String ago(Instant at, Instant now) {
        return words(Duration.between(at, now)) + " ago";
    }

    /** In the largest unit that fits. */
    private static String words(Duration time) {
        long seconds = Math.max(0, time.toSeconds());
        if (seconds < 120) {
            return seconds + " s";
        }
        return seconds < 2 * 3600 ? seconds / 60 + " min" : seconds / 3600 + " h";
    }
}
