package dev.tapestry.consortium;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Why a round has too little, by member. The words are for people: no rule reads them. */
final class Absentees {

    private Absentees() {}

    /**
     * Whoever is still missing, and whoever was invited and is no longer expected.
     *
     * @param expected who was invited and not revoked since
     * @param awaited of these, who gave nothing
     * @param heard what the coordinator knows of some of them
     */
    static String words(
            RoundPlan plan,
            List<MemberId> expected,
            List<MemberId> awaited,
            Map<MemberId, String> heard) {
        String missing =
                awaited.stream()
                        .map(member ->
                                heard.containsKey(member)
                                        ? "%s (%s)".formatted(member, heard.get(member))
                                        : member.value())
                        .collect(Collectors.joining(", "));
        String revoked =
                plan.invited().stream()
                        .filter(member -> !expected.contains(member))
                        .map(MemberId::value)
                        .collect(Collectors.joining(", "));
        return Stream.of(
                        missing.isEmpty() ? "" : "missing: " + missing,
                        revoked.isEmpty() ? "" : "revoked since the round began: " + revoked)
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining("; "));
    }
}
