package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RunStopped;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.Lost;
import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Revoked;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.Silent;
import dev.tapestry.consortium.RoundInput.TimePassed;
import dev.tapestry.consortium.RoundInput.Unsound;
import dev.tapestry.consortium.RoundState.Abandoned;
import dev.tapestry.consortium.RoundState.Merging;
import dev.tapestry.consortium.RoundState.Scoring;
import java.time.Instant;
import java.util.List;

/**
 * The rows of {@link RoundRules} for a round that merges. It has no deadline: the coordinator that
 * wrote {@code CollectionClosed} merges, and merges again if it was restarted.
 */
final class MergingRules {

    private MergingRules() {}

    static List<ConsortiumEvent> decide(Merging state, RoundInput input, Charter charter) {
        return switch (input) {
            case Merged(Candidate candidate, Instant at) -> merged(state, candidate, charter, at);
            case MergeFailed(String reason, Instant at) ->
                    List.of(new RoundAbandoned(state.number(), reason, at));
            case Contributed late -> RoundRules.tooLate(state, late, charter);
            case Unsound late -> RoundRules.tooLate(state, late, charter);
            case Silent other -> List.of();
            case Lost(MemberId member, String reason, Instant at) ->
                    RoundRules.lost(state, member, reason, at);
            case Revoked other -> List.of();
            case Scored other -> List.of();
            case TimePassed other -> List.of();
        };
    }

    static RoundState evolve(Merging state, ConsortiumEvent event) {
        return switch (event) {
            case CandidateMerged merged -> scoring(state, merged);
            case ContributionLost lost -> state.lost(lost.member());
            // What was admitted is merged, even if its member was revoked since.
            case MemberRevoked revoked -> state.without(revoked.member());
            case RoundAbandoned abandoned -> new Abandoned(state.plan(), abandoned.reason());
            case RunStopped stopped -> RoundRules.stopped(state, stopped);
            // Other events do not concern a round that is merging.
            case ConsortiumEvent.Founded other -> state;
            case ConsortiumEvent.TokenIssued other -> state;
            case ConsortiumEvent.MemberEnrolled other -> state;
            case ConsortiumEvent.CertificateRenewed other -> state;
            case ConsortiumEvent.BaseAdopted other -> state;
            case ConsortiumEvent.CoordinatorMoved other -> state;
            case ConsortiumEvent.RunStarted other -> state;
            case ConsortiumEvent.RunEnded other -> state;
            case ConsortiumEvent.RoundAnnounced other -> state;
            case ConsortiumEvent.ContributionAdmitted other -> state;
            case ConsortiumEvent.ContributionRefused other -> state;
            case ConsortiumEvent.LeasesLapsed other -> state;
            case ConsortiumEvent.CollectionClosed other -> state;
            case ConsortiumEvent.CandidateScored other -> state;
            case ConsortiumEvent.BasePublished other -> state;
            case ConsortiumEvent.RoundRolledBack other -> state;
        };
    }

    private static List<ConsortiumEvent> merged(
            Merging state, Candidate candidate, Charter charter, Instant at) {
        CandidateMerged merged =
                new CandidateMerged(
                        state.number(), candidate, at.plus(charter.scoringDeadline()), at);
        Scoring next = scoring(state, merged);
        return ScoringRules.isDue(next, charter, at)
                ? List.of(merged, ReleaseGate.verdict(next, charter, at))
                : List.of(merged);
    }

    private static Scoring scoring(Merging state, CandidateMerged merged) {
        return new Scoring(
                state.plan(),
                state.expected(),
                state.admitted(),
                merged.candidate(),
                FrozenMap.empty(),
                merged.scoringClosesAt(),
                List.of());
    }
}
