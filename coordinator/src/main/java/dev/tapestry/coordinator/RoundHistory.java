package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundState;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Stream;

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
            case ContributionAdmitted(RoundNumber number, Contribution contribution, _) -> {
                RoundRecord round = rounds.get(number);
                if (round != null) {
                    rounds.put(number, admit(round, contribution, before));
                }
            }
            // What it was given may be given again.
            case ConsortiumEvent.RoundAbandoned over ->
                    rounds.computeIfPresent(
                            over.round(), (_, round) -> round.ofMembers(new TreeMap<>()));
            case ContributionLost lost ->
                    rounds.computeIfPresent(lost.round(), (_, round) -> round.lost(lost.member()));
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
            case ConsortiumEvent.CoordinatorMoved other -> {}
            case ConsortiumEvent.BaseAdopted other -> {}
            case ConsortiumEvent.RunStarted other -> {}
            case ConsortiumEvent.RunEnded other -> {}
            case ConsortiumEvent.RunStopped other -> {}
            case ConsortiumEvent.ContributionRefused other -> {}
            case ConsortiumEvent.LeasesLapsed other -> {}
            case ConsortiumEvent.CollectionClosed other -> {}
            case ConsortiumEvent.CandidateScored other -> {}
            case ConsortiumEvent.RoundRolledBack other -> {}
        }
    }

    private RoundRecord admit(RoundRecord round, Contribution contribution, Consortium before) {
        Member member = before.members().get(contribution.member());
        RoundRecord made = rounds.get(contribution.trainedIn(round.number()));
        return round.admit(
                contribution,
                member == null ? "" : member.signingKey(),
                made == null ? round.plan() : made.plan());
    }

    Optional<RoundRecord> round(RoundNumber number) {
        return Optional.ofNullable(rounds.get(number));
    }

    /** A contribution that was made for this round, whichever round took it. */
    Optional<Contribution> admitted(MemberId member, RoundNumber trainedIn) {
        return rounds.tailMap(trainedIn).values().stream()
                .flatMap(round ->
                        Stream.ofNullable(round.admitted().get(member))
                                .filter(c -> c.trainedIn(round.number()).equals(trainedIn)))
                .findFirst();
    }

    /** The last {@code count} rounds, the oldest first. */
    List<RoundRecord> latest(int count) {
        return rounds.descendingMap().values().stream().limit(count).toList().reversed();
    }
}
