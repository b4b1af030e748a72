package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.LeasesLapsed;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RunStopped;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.Lost;
import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundInput.Revoked;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.Silent;
import dev.tapestry.consortium.RoundInput.TimePassed;
import dev.tapestry.consortium.RoundInput.Unsound;
import dev.tapestry.consortium.RoundState.Abandoned;
import dev.tapestry.consortium.RoundState.Collecting;
import dev.tapestry.consortium.RoundState.Merging;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The rows of {@link RoundRules} for a round that collects. */
final class CollectingRules {

    private CollectingRules() {}

    static List<ConsortiumEvent> decide(Collecting state, RoundInput input, Charter charter) {
        Collecting now = input instanceof Revoked revoked ? state.without(revoked.member()) : state;
        if (isDue(now, charter, input.at())) {
            return RoundRules.settleThenDecide(
                    now, close(now, charter, input.at(), heard(input)), input, charter);
        }
        return switch (input) {
            case Contributed(Contribution contribution, Instant at) ->
                    contributed(now, contribution, charter, at);
            case Unsound(MemberId member, Refusal refusal, Instant at) ->
                    List.of(refused(now, member, refusal, at));
            case Silent quiet -> silent(now, quiet, charter);
            case Lost(MemberId member, String reason, Instant at) ->
                    RoundRules.lost(now, member, reason, at);
            case Revoked other -> List.of();
            case TimePassed other -> List.of();
            case Merged other -> List.of();
            case MergeFailed other -> List.of();
            case Scored other -> List.of();
        };
    }

    static RoundState evolve(Collecting state, ConsortiumEvent event) {
        return switch (event) {
            case ContributionAdmitted admitted -> state.admit(admitted.contribution());
            case ContributionLost lost -> state.lost(lost.member());
            case MemberRevoked revoked -> state.without(revoked.member());
            case LeasesLapsed lapsed -> state.lapse(lapsed.members());
            case CollectionClosed closed ->
                    new Merging(state.plan(), state.expected(), state.admitted());
            case RoundAbandoned abandoned -> new Abandoned(state.plan(), abandoned.reason());
            case RunStopped stopped -> RoundRules.stopped(state, stopped);
            // Other events do not concern a round that is collecting.
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
            case ConsortiumEvent.ContributionRefused other -> state;
            case ConsortiumEvent.CandidateMerged other -> state;
            case ConsortiumEvent.CandidateScored other -> state;
            case ConsortiumEvent.BasePublished other -> state;
            case ConsortiumEvent.RoundRolledBack other -> state;
        };
    }

    private static List<ConsortiumEvent> contributed(
            Collecting state, Contribution contribution, Charter charter, Instant at) {
        if (contribution.equals(state.admitted().get(contribution.member()))) {
            return List.of();
        }
        Optional<Refusal> refusal = AdmissionRules.refusal(state, contribution);
        if (refusal.isPresent()) {
            return List.of(refused(state, contribution.member(), refusal.get(), at));
        }
        ConsortiumEvent admitted = new ContributionAdmitted(state.number(), contribution, at);
        Collecting after = state.admit(contribution);
        return isDue(after, charter, at)
                ? List.of(admitted, close(after, charter, at))
                : List.of(admitted);
    }

    private static List<ConsortiumEvent> silent(Collecting state, Silent silent, Charter charter) {
        return LeaseRules.lapse(
                        state,
                        state.admitted().size(),
                        state.plan().closesAt(),
                        charter.roundDeadline(),
                        silent,
                        charter)
                .map(lapsed ->
                        List.<ConsortiumEvent>of(
                                lapsed, close(state.lapse(lapsed.members()), charter, silent.at())))
                .orElse(List.of());
    }

    /** Whether waiting longer is over or in vain. */
    static boolean isDue(Collecting state, Charter charter, Instant now) {
        return !now.isBefore(state.plan().closesAt())
                || state.awaited().isEmpty()
                || state.expected().size() < charter.quorum()
                || hasAllThatCome(state, charter)
                || state.plan()
                        .asynchronous()
                        .filter(rule -> state.admitted().size() >= rule.buffer())
                        .isPresent();
    }

    private static boolean hasAllThatCome(Collecting state, Charter charter) {
        return state.admitted().size() >= charter.quorum()
                && state.lapsed().containsAll(state.awaited());
    }

    private static Map<MemberId, String> heard(RoundInput input) {
        return input instanceof TimePassed passed ? passed.heard() : Map.of();
    }

    private static ConsortiumEvent close(Collecting state, Charter charter, Instant at) {
        return close(state, charter, at, Map.of());
    }

    private static ConsortiumEvent close(
            Collecting state, Charter charter, Instant at, Map<MemberId, String> heard) {
        int count = state.admitted().size();
        if (count >= charter.quorum()) {
            return new CollectionClosed(state.number(), state.awaited(), at);
        }
        return new RoundAbandoned(
                state.number(),
                "%d of %d contributions needed; %s"
                        .formatted(
                                count,
                                charter.quorum(),
                                Absentees.words(
                                        state.plan(), state.expected(), state.awaited(), heard)),
                at);
    }

    private static ConsortiumEvent refused(
            Collecting state, MemberId member, Refusal refusal, Instant at) {
        return new ContributionRefused(
                state.number(), member, refusal.finding(), refusal.detail(), at);
    }
}
