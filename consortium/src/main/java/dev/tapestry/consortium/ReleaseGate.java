package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;

/** Whether a scored candidate becomes the base. */
final class ReleaseGate {

    private ReleaseGate() {}

    /** Publishes, unless too few members scored or their mean score worsened beyond tolerance. */
    static ConsortiumEvent verdict(RoundState.Scoring round, Charter charter, Instant at) {
        int scores = round.scores().size();
        if (scores < charter.quorum()) {
            return new RoundRolledBack(
                    round.number(),
                    "%d of %d scores needed; %s"
                            .formatted(
                                    scores,
                                    charter.quorum(),
                                    Absentees.words(
                                            round.plan(),
                                            round.expected(),
                                            round.awaited(),
                                            Map.of())),
                    at);
        }
        double worsening =
                round.scores().values().stream()
                        .mapToDouble(s -> s.candidateBitsPerByte() - s.baseBitsPerByte())
                        .average()
                        .orElseThrow();
        if (worsening > charter.releaseToleranceBitsPerByte()) {
            return new RoundRolledBack(
                    round.number(),
                    String.format(
                            Locale.ROOT,
                            "on average worse than the base by %.4f bits per byte; the charter allows %s",
                            worsening,
                            charter.releaseToleranceBitsPerByte()),
                    at);
        }
        return new BasePublished(
                round.number(), round.candidate().model(), round.candidate().momentum(), at);
    }
}
