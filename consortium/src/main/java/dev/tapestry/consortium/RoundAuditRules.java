package dev.tapestry.consortium;

import static dev.tapestry.consortium.AuditRules.active;
import static dev.tapestry.consortium.AuditRules.unless;

import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CandidateScored;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.LeasesLapsed;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.RoundState.Abandoned;
import dev.tapestry.consortium.RoundState.Collecting;
import dev.tapestry.consortium.RoundState.Merging;
import dev.tapestry.consortium.RoundState.Published;
import dev.tapestry.consortium.RoundState.RolledBack;
import dev.tapestry.consortium.RoundState.Scoring;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The part of {@link AuditRules} that is about the events of a round, given the round's state. */
final class RoundAuditRules {

    /** By how much the weights of a merge may miss 1 for rounding. */
    private static final double ROUNDING = 1e-9;

    /** By how much of themselves squared norms may differ that were summed in single precision. */
    private static final double SINGLE_PRECISION = 1e-3;

    private RoundAuditRules() {}

    static Optional<String> admitted(
            Collecting round, ContributionAdmitted event, Consortium before) {
        Contribution contribution = event.contribution();
        MemberId member = contribution.member();
        RoundPlan trainedBy = before.trainedBy(contribution).orElse(round.plan());
        LocalTraining training = trainedBy.training();
        double floor = before.charter().qualityFloorBitsPerByte();
        return unless(
                        active(before, member) && round.expected().contains(member),
                        () ->
                                "round %s admits %s, which is no active and invited member"
                                        .formatted(round.number(), member))
                .or(() -> inTime(round, event, round.plan().closesAt()))
                .or(() -> late(round, event, before))
                .or(() ->
                        unless(
                                !round.admitted().containsKey(member),
                                () -> "round %s admits %s twice".formatted(round.number(), member)))
                .or(() ->
                        unless(
                                !before.contributedWeights().contains(contribution.weights()),
                                () ->
                                        "round %s admits weights %s of %s, which were contributed before"
                                                .formatted(
                                                        round.number(),
                                                        contribution.weights(),
                                                        member)))
                .or(() ->
                        unless(
                                contribution.tokens() >= 1
                                        && contribution.tokens() <= training.tokensPerRound(),
                                () ->
                                        "round %s admits %s with %d tokens; the plan is %d"
                                                .formatted(
                                                        round.number(),
                                                        member,
                                                        contribution.tokens(),
                                                        training.tokensPerRound())))
                .or(() ->
                        unless(
                                stepsFit(contribution, training, before.charter()),
                                () ->
                                        "round %s admits %s with %d tokens in %s steps; the plan is %d steps of %d tokens, and the weighting is %s"
                                                .formatted(
                                                        round.number(),
                                                        member,
                                                        contribution.tokens(),
                                                        contribution
                                                                .steps()
                                                                .map(String::valueOf)
                                                                .orElse("unknown"),
                                                        training.steps(),
                                                        training.tokensPerStep(),
                                                        before.charter().weighting())))
                .or(() ->
                        unless(
                                contribution.trainingBitsPerByte() <= floor,
                                () ->
                                        "round %s admits %s with a training loss of %s; the charter allows %s"
                                                .formatted(
                                                        round.number(),
                                                        member,
                                                        contribution.trainingBitsPerByte(),
                                                        floor)));
    }

    /** Whether a contribution to an earlier round is as late as it says, and not too late. */
    private static Optional<String> late(
            Collecting round, ContributionAdmitted event, Consortium before) {
        Contribution contribution = event.contribution();
        return contribution
                .late()
                .flatMap(late ->
                        unless(
                                Optional.of(late).equals(before.lateness(late.round()))
                                        && LateRules.until(
                                                        before, late.round(), contribution.member())
                                                .filter(until -> !event.at().isAfter(until))
                                                .isPresent(),
                                () ->
                                        "round %s admits a contribution of %s to round %s, %d bases behind; the charter takes %s late, and open are %s"
                                                .formatted(
                                                        round.number(),
                                                        contribution.member(),
                                                        late.round(),
                                                        late.staleness(),
                                                        before.charter()
                                                                .late()
                                                                .map(LateRule::toString)
                                                                .orElse("nothing"),
                                                        before.closedRounds().keySet())));
    }

    /**
     * Whether nobody lapsed too early. That they did not advance the log cannot tell: who was
     * passed over by a lie sees it here, and what it contributes late counts by the charter.
     */
    static Optional<String> lapsed(RoundState round, LeasesLapsed event, Consortium before) {
        Charter charter = before.charter();
        return switch (round) {
            case Collecting collecting ->
                    lapsed(
                            collecting,
                            collecting.admitted().size(),
                            collecting.plan().closesAt(),
                            charter.roundDeadline(),
                            event,
                            before);
            case Scoring scoring ->
                    lapsed(
                            scoring,
                            scoring.scores().size(),
                            scoring.closesAt(),
                            charter.scoringDeadline(),
                            event,
                            before);
            case Merging other -> misplaced(event, round);
            case Published other -> misplaced(event, round);
            case RolledBack other -> misplaced(event, round);
            case Abandoned other -> misplaced(event, round);
        };
    }

    private static Optional<String> lapsed(
            RoundState round,
            int arrived,
            Instant closesAt,
            Duration most,
            LeasesLapsed event,
            Consortium before) {
        return unless(
                LeaseRules.lapse(
                                round,
                                arrived,
                                closesAt,
                                most,
                                new RoundInput.Silent(
                                        Set.copyOf(event.members()), before.away(), event.at()),
                                before.charter())
                        .equals(Optional.of(event)),
                () ->
                        "round %s goes on without %s, whose lease cannot have lapsed: %d are in, %s are awaited until %s, and the lease is %s"
                                .formatted(
                                        round.number(),
                                        event.members(),
                                        arrived,
                                        round.awaited(),
                                        closesAt,
                                        before.charter()
                                                .lease()
                                                .map(Duration::toString)
                                                .orElse("none")));
    }

    /** Where they weigh, steps are there and none is larger than the plan's. */
    private static boolean stepsFit(
            Contribution contribution, LocalTraining training, Charter charter) {
        boolean weigh = charter.weighting() == Weighting.TOKENS_SQUARED_PER_STEP;
        return contribution
                .steps()
                .map(steps ->
                        steps >= 1
                                && steps <= training.steps()
                                && (!weigh
                                        || contribution.tokens()
                                                <= steps * training.tokensPerStep()))
                .orElse(!weigh);
    }

    /** What was merged cannot be lost any more: its candidate is there. */
    static Optional<String> lost(RoundState round, ContributionLost event) {
        boolean waits = round instanceof Collecting || round instanceof Merging;
        return unless(
                waits && round.admitted().containsKey(event.member()),
                () ->
                        "round %s is %s and loses a contribution of %s, which it does not need or have"
                                .formatted(round.number(), round.phase(), event.member()));
    }

    static Optional<String> closed(Collecting round, CollectionClosed event, Charter charter) {
        return unless(
                        round.admitted().size() >= charter.quorum(),
                        () ->
                                "round %s closes with %d contributions; the quorum is %d"
                                        .formatted(
                                                round.number(),
                                                round.admitted().size(),
                                                charter.quorum()))
                .or(() ->
                        unless(
                                CollectingRules.isDue(round, charter, event.at()),
                                () ->
                                        "round %s closes before its deadline, while %s are awaited"
                                                .formatted(round.number(), round.awaited())))
                .or(() ->
                        unless(
                                event.missing().equals(round.awaited()),
                                () ->
                                        "round %s closes without %s; missing are %s"
                                                .formatted(
                                                        round.number(),
                                                        event.missing(),
                                                        round.awaited())));
    }

    static Optional<String> merged(Merging round, CandidateMerged event, Consortium before) {
        Charter charter = before.charter();
        List<Candidate.Weight> weights = event.candidate().weights();
        List<MemberId> members = weights.stream().map(Candidate.Weight::member).toList();
        double sum = weights.stream().mapToDouble(Candidate.Weight::value).sum();
        return unless(
                        members.equals(List.copyOf(round.admitted().keySet())),
                        () ->
                                "round %s merges contributions of %s; admitted are those of %s"
                                        .formatted(
                                                round.number(), members, round.admitted().keySet()))
                .or(() ->
                        unless(
                                weights.stream().allMatch(w -> w.value() <= charter.influenceCap()),
                                () ->
                                        "round %s merges with weights %s above the influence cap of %s"
                                                .formatted(
                                                        round.number(),
                                                        weights,
                                                        charter.influenceCap())))
                .or(() ->
                        unless(
                                Math.abs(sum - 1) < ROUNDING,
                                () ->
                                        "round %s merges with weights that sum to %s, not 1"
                                                .formatted(round.number(), sum)))
                .or(() ->
                        unless(
                                event.scoringClosesAt()
                                        .equals(event.at().plus(charter.scoringDeadline())),
                                () ->
                                        "round %s is scored from %s to %s; the charter gives it %s"
                                                .formatted(
                                                        round.number(),
                                                        event.at(),
                                                        event.scoringClosesAt(),
                                                        charter.scoringDeadline())))
                .or(() -> measured(round, event.candidate()))
                .or(() -> coded(round, event.candidate().step(), before.residual()))
                .or(() ->
                        unless(
                                event.candidate().gradient().isPresent()
                                        == round.plan().gradients().isPresent(),
                                () ->
                                        "round %s merges the gradient %s; the plan shares %s"
                                                .formatted(
                                                        round.number(),
                                                        words(event.candidate().gradient()),
                                                        words(round.plan().gradients()))));
    }

    /**
     * Whether ‖Δ‖² ÷ Σ wₘ ‖Δₘ‖² is what the admitted contributions' norms give, within a
     * thousandth.
     */
    private static Optional<String> measured(Merging round, Candidate candidate) {
        MergeFigures figures = candidate.figures();
        Map<MemberId, Double> weights =
                candidate.weights().stream()
                        .collect(
                                Collectors.toMap(
                                        Candidate.Weight::member, Candidate.Weight::value));
        double meanSquaredNorm =
                round.admitted().values().stream()
                        .mapToDouble(c ->
                                weights.getOrDefault(c.member(), 0.0) * Math.pow(c.updateNorm(), 2))
                        .sum();
        double merged = Math.pow(figures.updateNorm(), 2);
        double expected = figures.whole().normRatio() * meanSquaredNorm;
        return unless(
                Math.abs(merged - expected) <= SINGLE_PRECISION * Math.max(merged, expected),
                () ->
                        "round %s merges to an update of norm %s with a norm ratio of %s; the contributions' mean squared norm is %s"
                                .formatted(
                                        round.number(),
                                        figures.updateNorm(),
                                        figures.whole().normRatio(),
                                        meanSquaredNorm));
    }

    private static Optional<String> coded(
            Merging round, Optional<CodedStep> step, Optional<Digest> residual) {
        return unless(
                        step.map(CodedStep::codec).equals(round.plan().down()),
                        () ->
                                "round %s codes its candidate by %s; the plan asks for %s"
                                        .formatted(
                                                round.number(),
                                                words(step.map(CodedStep::codec)),
                                                words(round.plan().down())))
                .or(() ->
                        unless(
                                step.map(s -> s.residualBefore().equals(residual)).orElse(true),
                                () ->
                                        "round %s codes its candidate with residual %s; the base's is %s"
                                                .formatted(
                                                        round.number(),
                                                        words(
                                                                step.flatMap(
                                                                        CodedStep::residualBefore)),
                                                        words(residual))));
    }

    private static String words(Optional<?> known) {
        return known.map(Object::toString).orElse("none");
    }

    static Optional<String> scored(Scoring round, CandidateScored event) {
        return unless(
                        round.awaited().contains(event.member()),
                        () ->
                                "round %s takes a score of %s, from which it awaits none"
                                        .formatted(round.number(), event.member()))
                .or(() -> inTime(round, event, round.closesAt()));
    }

    static Optional<String> published(Scoring round, BasePublished event, Charter charter) {
        Candidate candidate = round.candidate();
        return unless(
                        event.base().equals(candidate.model()),
                        () ->
                                "round %s publishes base %s; its merged candidate is %s"
                                        .formatted(round.number(), event.base(), candidate.model()))
                .or(() ->
                        unless(
                                event.momentum().equals(candidate.momentum()),
                                () ->
                                        "round %s publishes momentum %s; its merged candidate's is %s"
                                                .formatted(
                                                        round.number(),
                                                        event.momentum()
                                                                .map(Digest::hex)
                                                                .orElse("none"),
                                                        candidate
                                                                .momentum()
                                                                .map(Digest::hex)
                                                                .orElse("none"))))
                .or(() -> settled(round, event, charter))
                .or(() ->
                        ReleaseGate.verdict(round, charter, event.at())
                                        instanceof RoundRolledBack(_, String reason, _)
                                ? Optional.of(
                                        "round %s publishes against the release gate: %s"
                                                .formatted(round.number(), reason))
                                : Optional.empty());
    }

    /** A base cannot be held back either. */
    static Optional<String> rolledBack(Scoring round, RoundRolledBack event, Charter charter) {
        return settled(round, event, charter)
                .or(() ->
                        unless(
                                ReleaseGate.verdict(round, charter, event.at())
                                        instanceof RoundRolledBack,
                                () ->
                                        "round %s is rolled back, but the release gate lets its candidate through"
                                                .formatted(round.number())));
    }

    static Optional<String> abandoned(RoundState round, RoundAbandoned event, Charter charter) {
        return switch (round) {
            case Collecting collecting ->
                    unless(
                            collecting.admitted().size() < charter.quorum()
                                    && CollectingRules.isDue(collecting, charter, event.at()),
                            () ->
                                    "round %s is abandoned, but has %d contributions, a quorum of %d, and until %s"
                                            .formatted(
                                                    round.number(),
                                                    collecting.admitted().size(),
                                                    charter.quorum(),
                                                    collecting.plan().closesAt()));
            // A merge can fail for reasons of which the log knows nothing.
            case Merging merging -> Optional.empty();
            case Scoring other -> misplaced(event, round);
            case Published other -> misplaced(event, round);
            case RolledBack other -> misplaced(event, round);
            case Abandoned other -> misplaced(event, round);
        };
    }

    /** What {@code examine} finds, if the round is the current one and in this phase. */
    static <S extends RoundState> Optional<String> during(
            Class<S> phase,
            Consortium before,
            RoundNumber number,
            ConsortiumEvent event,
            Function<S, Optional<String>> examine) {
        return before.round()
                .map(round ->
                        round.number().equals(number) && phase.isInstance(round)
                                ? examine.apply(phase.cast(round))
                                : misplaced(event, round))
                .orElseGet(() ->
                        Optional.of(
                                "%s before any round".formatted(event.getClass().getSimpleName())));
    }

    private static Optional<String> misplaced(ConsortiumEvent event, RoundState round) {
        return Optional.of(
                "%s does not fit: round %s is %s".formatted(event, round.number(), round.phase()));
    }

    private static Optional<String> settled(Scoring round, ConsortiumEvent event, Charter charter) {
        return unless(
                ScoringRules.isDue(round, charter, event.at()),
                () ->
                        "round %s is decided before its deadline, while scores of %s are awaited"
                                .formatted(round.number(), round.awaited()));
    }

    private static Optional<String> inTime(
            RoundState round, ConsortiumEvent event, Instant deadline) {
        return unless(
                event.at().isBefore(deadline),
                () ->
                        "round %s takes a %s at %s, after its deadline %s"
                                .formatted(
                                        round.number(),
                                        event.getClass().getSimpleName(),
                                        event.at(),
                                        deadline));
    }
}
