package dev.tapestry.app.command;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.protocol.Ending;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a consortium's log says of it.
 *
 * @param charter the rules
 * @param members all that ever enrolled
 * @param base digest of the shared base
 * @param rounds announced so far
 * @param phase of the latest round
 * @param roundsPublished bases published by the current run
 * @param roundsPlanned of the current run; 0 while nothing runs
 * @param logSize number of events
 * @param endings certificates that end soon, which are in files beside the log
 */
record ConsortiumFacts(
        Charter charter,
        List<Standing> members,
        Optional<Digest> base,
        int rounds,
        Optional<String> phase,
        int roundsPublished,
        int roundsPlanned,
        long logSize,
        List<Ending> endings) {

    /**
     * A member.
     *
     * @param certificate fingerprint of its node's certificate
     */
    record Standing(MemberId id, Member.Standing standing, Digest certificate) {
        static List<Standing> of(Consortium consortium) {
            return consortium.members().values().stream()
                    .map(member ->
                            new Standing(member.id(), member.standing(), member.certificate()))
                    .toList();
        }
    }

    /** The facts that these events lead to. */
    static ConsortiumFacts of(List<ConsortiumEvent> events, List<Ending> endings) {
        Consortium consortium = Consortium.replay(events);
        return new ConsortiumFacts(
                consortium.charter(),
                Standing.of(consortium),
                consortium.base(),
                consortium.rounds(),
                consortium.round().map(RoundState::phase),
                consortium.run().map(Consortium.Run::published).orElse(0),
                consortium.run().map(run -> run.plan().rounds()).orElse(0),
                events.size(),
                endings);
    }

    /** For people, one fact in a line. */
    String text() {
        StringBuilder text = new StringBuilder();
        line(text, "name", charter.name());
        line(text, "members", members.isEmpty() ? "none yet" : names());
        line(
                text,
                "base",
                base.map(Digest::hex).orElse("none; give it one with 'consortium adopt'"));
        line(text, "rounds", rounds + phase.map(p -> ", the latest " + p).orElse(""));
        line(
                text,
                "run",
                roundsPlanned == 0
                        ? "none"
                        : "%d of %d bases published".formatted(roundsPublished, roundsPlanned));
        line(text, "log", logSize + " events");
        line(text, "weighting", charter.weighting() + ", cap " + charter.influenceCap());
        line(text, "quorum", charter.quorum() + " contributions, and as many scores");
        line(
                text,
                "deadlines",
                "%s to contribute, %s to score"
                        .formatted(charter.roundDeadline(), charter.scoringDeadline()));
        line(
                text,
                "release gate",
                "at most %s bits per byte worse than the base"
                        .formatted(charter.releaseToleranceBitsPerByte()));
        Instant now = Instant.now();
        endings.forEach(ending -> line(text, "look", ending.line(now)));
        return text.toString().stripTrailing();
    }

    private String names() {
        return members.stream()
                .map(member ->
                        switch (member.standing()) {
                            case ENROLLED -> member.id().value();
                            case AWAY -> member.id() + " (away)";
                            case REVOKED -> member.id() + " (revoked)";
                        })
                .collect(Collectors.joining(", "));
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append("%-13s %s%n".formatted(key, value));
    }
}
