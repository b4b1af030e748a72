package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Member;
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
                            RoundRecord.announced(
                                    announced.plan(), before.momentum(), before.residual()));
            case ContributionAdmitted admitted ->
                    rounds.computeIfPresent(
                            admitted.round(),
                            (_, round) -> admit(round, admitted.contribution(), before));
            case CandidateMerged merged ->
                    rounds.computeIfPresent(
                            merged.round(),
                            (_, round) ->
                                    round.merged(
                                            merged.candidate(),
                                            before.round()
                                                    .map(RoundState::admitted)
                                                    .orElse(round.admitted())));
            case BasePublished base ->
                    rounds.computeIfPresent(base.round(), (_, round) -> round.published(base));
            // Other events say nothing that verification or retention asks for.
            case ConsortiumEvent.Founded other -> {}
            case ConsortiumEvent.TokenIssued other -> {}
            case ConsortiumEvent.MemberEnrolled other -> {}
            case ConsortiumEvent.CertificateRenewed other -> {}
            case ConsortiumEvent.MemberRevoked other -> {}
            case ConsortiumEvent.BaseAdopted other -> {}
            case ConsortiumEvent.RunStarted other -> {}
            case ConsortiumEvent.RunEnded other -> {}
            case ConsortiumEvent.RunStopped other -> {}
            case ConsortiumEvent.ContributionRefused other -> {}
            case ConsortiumEvent.CollectionClosed other -> {}
            case ConsortiumEvent.CandidateScored other -> {}
            case ConsortiumEvent.RoundRolledBack other -> {}
            case ConsortiumEvent.RoundAbandoned other -> {}
        }
    }

    private static RoundRecord admit(
            RoundRecord round, Contribution contribution, Consortium before) {
        Member member = before.members().get(contribution.member());
        return round.admit(contribution, member == null ? "" : member.signingKey());
    }

    Optional<RoundRecord> round(RoundNumber number) {
        return Optional.ofNullable(rounds.get(number));
    }

    /** The last {@code count} rounds, the oldest first. */
    List<RoundRecord> latest(int count) {
        return rounds.descendingMap().values().stream().limit(count).toList().reversed();
    }
}
