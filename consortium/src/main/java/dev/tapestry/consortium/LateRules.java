package dev.tapestry.consortium;

import dev.tapestry.consortium.RoundInput.Refusal;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/** Which contributions a round takes that were made for an earlier one, see {@link LateRule}. */
final class LateRules {

    private LateRules() {}

    /** Until when contributions to a round that has closed are taken; empty where they are not. */
    static Optional<Instant> until(Consortium state, RoundNumber round, MemberId member) {
        return open(state, round, member)
                .flatMap(closed ->
                        state.charter().late().map(rule -> closed.closedAt().plus(rule.window())));
    }

    private static Optional<ClosedRound> open(
            Consortium state, RoundNumber round, MemberId member) {
        return Optional.ofNullable(state.closedRounds().get(round))
                .filter(closed ->
                        closed.plan().invited().contains(member)
                                && !closed.given().contains(member));
    }

    /** Bases published since {@code round} was announced. */
    static int staleness(Consortium state, RoundNumber round) {
        return (int)
                state.closedRounds().tailMap(round).values().stream()
                        .filter(ClosedRound::published)
                        .count();
    }

    /**
     * Why a contribution to an earlier round cannot be admitted to this one; empty where it can.
     *
     * @param digest of a plan's canonical JSON
     */
    static Optional<Refusal> refusal(
            Consortium state,
            RoundState.Collecting collecting,
            ContributionManifest manifest,
            Function<RoundPlan, Digest> digest,
            Instant now) {
        RoundNumber round = manifest.round();
        MemberId member = manifest.member();
        Optional<RoundPlan> plan = open(state, round, member).map(ClosedRound::plan);
        if (plan.isEmpty()) {
            return stale(collecting, manifest);
        }
        return until(state, round, member)
                .filter(now::isAfter)
                .flatMap(until ->
                        AdmissionRules.refuse(
                                Finding.STALE_ROUND,
                                "contributions to round %s are taken until %s; train in round %s"
                                        .formatted(round, until, collecting.number())))
                .or(() -> AdmissionRules.notExpected(collecting, member))
                .or(() ->
                        AdmissionRules.refusal(
                                plan.get(), manifest, digest.apply(plan.get()), state.charter()));
    }

    static Optional<Refusal> stale(RoundState state, ContributionManifest manifest) {
        return AdmissionRules.refuse(
                Finding.STALE_ROUND,
                "this is for round %s; round %s is %s"
                        .formatted(manifest.round(), state.number(), state.phase()));
    }
}
