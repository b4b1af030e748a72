package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundState;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * All rounds that the log tells of: a second fold of the same events, for verification and
 * retention. Any thread may read; the ledger writes.
 */
final class RoundHistory {

    private final ConcurrentNavigableMap<RoundNumber, RoundRecord> rounds =
            new ConcurrentSkipListMap<>();

    /** Takes in one event; {@code before} is the state that it changed. */
    void accept(ConsortiumEvent event, Consortium before) {
        switch (event) {
            case RoundAnnounced announced ->
                    rounds.put(
                            announced.plan().round(),
                            RoundRecord.announced(announced.plan(), before.momentum()));
            case ContributionAdmitted admitted ->
                    rounds.computeIfPresent(
                            admitted.round(), (_, round) -> round.admit(admitted.contribution()));
            case CandidateMerged merged ->
                    rounds.computeIfPresent(
                            merged.round(),
                            (_, round) ->
                                    round.merged(
                                            merged.candidate(),
                                            before.round()
                                                    .map(RoundState::admitted)
                                                    .orElse(round.admitted())));
            // Other events say nothing that verification or retention asks for.
            case ConsortiumEvent other -> {}
        }
    }

    Optional<RoundRecord> round(RoundNumber number) {
        return Optional.ofNullable(rounds.get(number));
    }

    /** The last {@code count} rounds, the oldest first. */
    List<RoundRecord> latest(int count) {
        return rounds.descendingMap().values().stream().limit(count).toList().reversed();
    }
}
