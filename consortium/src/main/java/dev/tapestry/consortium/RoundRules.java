package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CandidateScored;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundInput.Revoked;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.TimePassed;
import dev.tapestry.consortium.RoundInput.Unsound;
import dev.tapestry.consortium.RoundState.Abandoned;
import dev.tapestry.consortium.RoundState.Collecting;
import dev.tapestry.consortium.RoundState.Merging;
import dev.tapestry.consortium.RoundState.Published;
import dev.tapestry.consortium.RoundState.RolledBack;
import dev.tapestry.consortium.RoundState.Scoring;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How a round goes from state to state. Pure: {@link #decide} says which events an input causes,
 * {@link #evolve} what the events change; whoever replays the events reaches the same state.
 *
 * <pre>
 * state       input                 when                                  events                           next
 * ----------  --------------------  ------------------------------------  -------------------------------  ----------
 * Collecting  Contributed           passes {@link #refusal}               ContributionAdmitted             Collecting
 *                                   … and is the last one awaited         + CollectionClosed               Merging
 *                                   does not pass                         ContributionRefused              Collecting
 *             Unsound               always                                ContributionRefused              Collecting
 *             Revoked               others are awaited                    –                                Collecting
 *                                   was the last one awaited, quorum      CollectionClosed                 Merging
 *             TimePassed            deadline, quorum                      CollectionClosed                 Merging
 *                                   deadline, no quorum                   RoundAbandoned                   Abandoned
 * Merging     Merged                always                                CandidateMerged                  Scoring
 *             MergeFailed           always                                RoundAbandoned                   Abandoned
 * Scoring     Scored                first score of an invited member      CandidateScored                  Scoring
 *                                   … and is the last one awaited         + the release gate's verdict     see below
 *             TimePassed            deadline                              the release gate's verdict       see below
 *  (gate)                           fewer scores than quorum              RoundRolledBack                  RolledBack
 *                                   mean worsened beyond tolerance        RoundRolledBack                  RolledBack
 *                                   otherwise                             BasePublished                    Published
 * any other   Contributed, Unsound  –                                     ContributionRefused STALE_ROUND  same
 *             anything else         –                                     –                                same
 * </pre>
 */
public final class RoundRules {

    private RoundRules() {}

    /** The events that {@code input} causes; empty where it changes nothing. */
    public static List<ConsortiumEvent> decide(
            RoundState state, RoundInput input, Charter charter) {
        return switch (state) {
            case Collecting collecting -> whileCollecting(collecting, input, charter);
            case Merging merging -> whileMerging(merging, input, charter);
            case Scoring scoring -> whileScoring(scoring, input, charter);
            case Published over -> tooLate(over, input);
            case RolledBack over -> tooLate(over, input);
            case Abandoned over -> tooLate(over, input);
        };
    }

    /** The state after {@code event}; the same state where the event is not about this round. */
    public static RoundState evolve(RoundState state, ConsortiumEvent event) {
        return switch (state) {
            case Collecting collecting ->
                    switch (event) {
                        case ContributionAdmitted admitted ->
                                collecting.admit(admitted.contribution());
                        case MemberRevoked revoked -> collecting.without(revoked.member());
                        case CollectionClosed closed ->
                                new Merging(
                                        collecting.plan(),
                                        collecting.expected(),
                                        collecting.admitted());
                        case RoundAbandoned abandoned ->
                                new Abandoned(collecting.plan(), abandoned.reason());
                        // Other events do not concern a round that is collecting.
                        case ConsortiumEvent other -> state;
                    };
            case Merging merging ->
                    switch (event) {
                        case CandidateMerged merged ->
                                new Scoring(
                                        merging.plan(),
                                        merging.expected(),
                                        merged.candidate(),
                                        new TreeMap<>(),
                                        merged.scoringClosesAt());
                        case MemberRevoked revoked -> merging.without(revoked.member());
                        case RoundAbandoned abandoned ->
                                new Abandoned(merging.plan(), abandoned.reason());
                        case ConsortiumEvent other -> state;
                    };
            case Scoring scoring ->
                    switch (event) {
                        case CandidateScored scored ->
                                scoring.score(scored.member(), scored.score());
                        case MemberRevoked revoked -> scoring.without(revoked.member());
                        case BasePublished published ->
                                new Published(
                                        scoring.plan(), scoring.candidate(), scoring.scores());
                        case RoundRolledBack back ->
                                new RolledBack(
                                        scoring.plan(),
                                        scoring.candidate(),
                                        scoring.scores(),
                                        back.reason());
                        case ConsortiumEvent other -> state;
                    };
            case Published over -> over;
            case RolledBack over -> over;
            case Abandoned over -> over;
        };
    }

    /**
     * Why a contribution with this manifest cannot be admitted now; empty where it can. Asked when
     * the manifest arrives, so that a doomed upload is refused before it begins, and again when the
     * files are complete.
     *
     * @param planDigest digest of the round plan's canonical JSON
     */
    public static Optional<Refusal> refusal(
            RoundState state, ContributionManifest manifest, Digest planDigest, Charter charter) {
        RoundPlan plan = state.plan();
        MemberId member = manifest.member();
        if (!(state instanceof Collecting) || !manifest.round().equals(plan.round())) {
            return refuse(
                    Finding.STALE_ROUND,
                    "this is for round %s; round %s is %s"
                            .formatted(
                                    manifest.round(),
                                    plan.round(),
                                    state.getClass().getSimpleName()));
        }
        if (!plan.invited().contains(member)) {
            return refuse(
                    Finding.NOT_INVITED,
                    "round %s does not invite %s".formatted(plan.round(), member));
        }
        if (!manifest.base().equals(plan.base())) {
            return refuse(
                    Finding.WRONG_BASE,
                    "trained from base %s; fetch base %s and train again"
                            .formatted(manifest.base().abbreviated(), plan.base().abbreviated()));
        }
        if (!manifest.plan().equals(planDigest)) {
            return refuse(
                    Finding.WRONG_PLAN,
                    "trained by plan %s; the round's plan is %s"
                            .formatted(manifest.plan().abbreviated(), planDigest.abbreviated()));
        }
        if (manifest.weights().bytes() > charter.contributionQuotaBytes()) {
            return refuse(
                    Finding.TOO_LARGE,
                    "%d bytes; the charter allows %d"
                            .formatted(
                                    manifest.weights().bytes(), charter.contributionQuotaBytes()));
        }
        if (manifest.trainingBitsPerByte() > charter.qualityFloorBitsPerByte()) {
            return refuse(
                    Finding.BELOW_QUALITY_FLOOR,
                    "training loss %s bits per byte; the charter allows %s"
                            .formatted(
                                    manifest.trainingBitsPerByte(),
                                    charter.qualityFloorBitsPerByte()));
        }
        return Optional.empty();
    }

    private static List<ConsortiumEvent> whileCollecting(
            Collecting state, RoundInput input, Charter charter) {
        RoundNumber round = state.number();
        return switch (input) {
            case Contributed(Contribution contribution, Instant at) -> {
                Contribution earlier = state.admitted().get(contribution.member());
                if (contribution.equals(earlier)) {
                    yield List.of();
                }
                if (earlier != null) {
                    yield List.of(
                            new ContributionRefused(
                                    round,
                                    contribution.member(),
                                    Finding.ALREADY_ADMITTED,
                                    "round "
                                            + round
                                            + " already has weights "
                                            + earlier.weights().abbreviated(),
                                    at));
                }
                if (!state.expected().contains(contribution.member())) {
                    yield List.of(
                            new ContributionRefused(
                                    round,
                                    contribution.member(),
                                    Finding.NOT_INVITED,
                                    "round " + round + " does not invite " + contribution.member(),
                                    at));
                }
                ConsortiumEvent admitted = new ContributionAdmitted(round, contribution, at);
                boolean last = state.awaited().equals(List.of(contribution.member()));
                int count = state.admitted().size() + 1;
                yield last && count >= charter.quorum()
                        ? List.of(admitted, new CollectionClosed(round, List.of(), at))
                        : List.of(admitted);
            }
            case Unsound(MemberId member, Refusal refusal, Instant at) ->
                    List.of(
                            new ContributionRefused(
                                    round, member, refusal.finding(), refusal.detail(), at));
            case Revoked(MemberId member, Instant at) -> {
                Collecting left = state.without(member);
                yield left.awaited().isEmpty() ? close(left, charter, at) : List.of();
            }
            case TimePassed(Instant at) ->
                    at.isBefore(state.plan().closesAt()) ? List.of() : close(state, charter, at);
            case Merged other -> List.of();
            case MergeFailed other -> List.of();
            case Scored other -> List.of();
        };
    }

    private static List<ConsortiumEvent> close(Collecting state, Charter charter, Instant at) {
        int count = state.admitted().size();
        if (count >= charter.quorum()) {
            return List.of(new CollectionClosed(state.number(), state.awaited(), at));
        }
        return List.of(
                new RoundAbandoned(
                        state.number(),
                        "%d of %d contributions needed; missing: %s"
                                .formatted(count, charter.quorum(), state.awaited()),
                        at));
    }

    private static List<ConsortiumEvent> whileMerging(
            Merging state, RoundInput input, Charter charter) {
        return switch (input) {
            case Merged(Candidate candidate, Instant at) ->
                    List.of(
                            new CandidateMerged(
                                    state.number(),
                                    candidate,
                                    at.plus(charter.scoringDeadline()),
                                    at));
            case MergeFailed(String reason, Instant at) ->
                    List.of(new RoundAbandoned(state.number(), reason, at));
            case Contributed late -> tooLate(state, late);
            case Unsound late -> tooLate(state, late);
            case Revoked other -> List.of();
            case Scored other -> List.of();
            case TimePassed other -> List.of();
        };
    }

    private static List<ConsortiumEvent> whileScoring(
            Scoring state, RoundInput input, Charter charter) {
        return switch (input) {
            case Scored(MemberId member, Score score, Instant at) -> {
                if (!state.awaited().contains(member)) {
                    yield List.of();
                }
                ConsortiumEvent scored = new CandidateScored(state.number(), member, score, at);
                Scoring after = state.score(member, score);
                yield after.awaited().isEmpty()
                        ? List.of(scored, ReleaseGate.verdict(after, charter, at))
                        : List.of(scored);
            }
            case Revoked(MemberId member, Instant at) -> {
                Scoring left = state.without(member);
                yield left.awaited().isEmpty()
                        ? List.of(ReleaseGate.verdict(left, charter, at))
                        : List.of();
            }
            case TimePassed(Instant at) ->
                    at.isBefore(state.closesAt())
                            ? List.of()
                            : List.of(ReleaseGate.verdict(state, charter, at));
            case Contributed late -> tooLate(state, late);
            case Unsound late -> tooLate(state, late);
            case Merged other -> List.of();
            case MergeFailed other -> List.of();
        };
    }

    private static List<ConsortiumEvent> tooLate(RoundState state, RoundInput input) {
        String detail = "round " + state.number() + " is " + state.getClass().getSimpleName();
        return switch (input) {
            case Contributed(Contribution contribution, Instant at) ->
                    List.of(
                            new ContributionRefused(
                                    state.number(),
                                    contribution.member(),
                                    Finding.STALE_ROUND,
                                    detail,
                                    at));
            case Unsound(MemberId member, Refusal refusal, Instant at) ->
                    List.of(
                            new ContributionRefused(
                                    state.number(), member, Finding.STALE_ROUND, detail, at));
            case Revoked other -> List.of();
            case Merged other -> List.of();
            case MergeFailed other -> List.of();
            case Scored other -> List.of();
            case TimePassed other -> List.of();
        };
    }

    private static Optional<Refusal> refuse(Finding finding, String detail) {
        return Optional.of(new Refusal(finding, detail));
    }
}
