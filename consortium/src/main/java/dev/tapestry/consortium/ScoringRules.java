package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateScored;
import dev.tapestry.consortium.ConsortiumEvent.LeasesLapsed;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.ConsortiumEvent.RunStopped;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Revoked;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.Silent;
import dev.tapestry.consortium.RoundInput.TimePassed;
import dev.tapestry.consortium.RoundInput.Unsound;
import dev.tapestry.consortium.RoundState.Published;
import dev.tapestry.consortium.RoundState.RolledBack;
import dev.tapestry.consortium.RoundState.Scoring;
import java.time.Instant;
import java.util.List;

/** The rows of {@link RoundRules} for a round whose candidate is scored. */
final class ScoringRules {

    private ScoringRules() {}

    static List<ConsortiumEvent> decide(Scoring state, RoundInput input, Charter charter) {
        Scoring now = input instanceof Revoked revoked ? state.without(revoked.member()) : state;
        if (isDue(now, charter, input.at())) {
            return RoundRules.settleThenDecide(
                    now, ReleaseGate.verdict(now, charter, input.at()), input, charter);
        }
        return switch (input) {
            case Scored(MemberId member, Score score, Instant at) ->
                    scored(now, member, score, charter, at);
            case Silent quiet -> silent(now, quiet, charter);
            case Contributed late -> RoundRules.tooLate(now, late, charter);
            case Unsound late -> RoundRules.tooLate(now, late, charter);
            case Revoked other -> List.of();
            case TimePassed other -> List.of();
            case Merged other -> List.of();
            case MergeFailed other -> List.of();
            case RoundInput.Lost other -> List.of();
        };
    }

    static RoundState evolve(Scoring state, ConsortiumEvent event) {
        return switch (event) {
            case CandidateScored scored -> state.score(scored.member(), scored.score());
            case MemberRevoked revoked -> state.without(revoked.member());
            case LeasesLapsed lapsed -> state.lapse(lapsed.members());
            case BasePublished published ->
                    new Published(
                            state.plan(), state.admitted(), state.candidate(), state.scores());
            case RoundRolledBack back ->
                    new RolledBack(
                            state.plan(),
                            state.admitted(),
                            state.candidate(),
                            state.scores(),
                            back.reason());
            case RunStopped stopped -> RoundRules.stopped(state, stopped);
            // Other events do not concern a round that is scoring.
            case ConsortiumEvent.Founded other -> state;
            case ConsortiumEvent.TokenIssued other -> state;
            case ConsortiumEvent.MemberEnrolled other -> state;
            case ConsortiumEvent.CertificateRenewed other -> state;
            case ConsortiumEvent.SigningKeyReplaced other -> state;
            case ConsortiumEvent.BaseAdopted other -> state;
            case ConsortiumEvent.CoordinatorMoved other -> state;
            case ConsortiumEvent.RunStarted other -> state;
            case ConsortiumEvent.RunEnded other -> state;
            case ConsortiumEvent.RoundAnnounced other -> state;
            case ConsortiumEvent.ContributionAdmitted other -> state;
            case ConsortiumEvent.ContributionRefused other -> state;
            case ConsortiumEvent.ContributionLost other -> state;
            case ConsortiumEvent.CollectionClosed other -> state;
            case ConsortiumEvent.CandidateMerged other -> state;
            case ConsortiumEvent.RoundAbandoned other -> state;
        };
    }

    private static List<ConsortiumEvent> silent(Scoring state, Silent silent, Charter charter) {
        return LeaseRules.lapse(
                        state,
                        state.scores().size(),
                        state.closesAt(),
                        charter.scoringDeadline(),
                        silent,
                        charter)
                .map(lapsed ->
                        List.<ConsortiumEvent>of(
                                lapsed,
                                ReleaseGate.verdict(
                                        state.lapse(lapsed.members()), charter, silent.at())))
                .orElse(List.of());
    }

    /** Whether waiting longer is over or in vain. */
    static boolean isDue(Scoring state, Charter charter, Instant now) {
        return !now.isBefore(state.closesAt())
                || state.awaited().isEmpty()
                || state.expected().size() < charter.quorum()
                || (state.scores().size() >= charter.quorum()
                        && (state.plan().asynchronous().isPresent()
                                || state.lapsed().containsAll(state.awaited())));
    }

    private static List<ConsortiumEvent> scored(
            Scoring state, MemberId member, Score score, Charter charter, Instant at) {
        if (!state.awaited().contains(member)) {
            return List.of();
        }
        ConsortiumEvent scored = new CandidateScored(state.number(), member, score, at);
        Scoring after = state.score(member, score);
        return isDue(after, charter, at)
                ? List.of(scored, ReleaseGate.verdict(after, charter, at))
                : List.of(scored);
    }
}
