package dev.tapestry.consortium;

import static dev.tapestry.consortium.PlanFinding.ASYNCHRONOUS_DROPS;
import static dev.tapestry.consortium.PlanFinding.BUCKETS_TOO_FEW;
import static dev.tapestry.consortium.PlanFinding.BUFFER_BELOW_QUORUM;
import static dev.tapestry.consortium.PlanFinding.CODEC_UNKNOWN;
import static dev.tapestry.consortium.PlanFinding.GRADIENTS_TOO_SPARSE;
import static dev.tapestry.consortium.PlanFinding.KRUM_SELECTS_TOO_MANY;
import static dev.tapestry.consortium.PlanFinding.KRUM_TOO_FEW;
import static dev.tapestry.consortium.PlanFinding.MEDIAN_TOO_FEW;
import static dev.tapestry.consortium.PlanFinding.NEIGHBOURS_TOO_FEW;
import static dev.tapestry.consortium.PlanFinding.OVERLAP_TOO_LONG;
import static dev.tapestry.consortium.PlanFinding.PACE_ABOVE_STEPS;
import static dev.tapestry.consortium.PlanFinding.PACE_TOO_SLOW;
import static dev.tapestry.consortium.PlanFinding.SENDERS_MIXED;
import static dev.tapestry.consortium.PlanFinding.SENDERS_UNCLIPPED;
import static dev.tapestry.consortium.PlanFinding.TRIMMED_MEAN_TOO_FEW;
import static dev.tapestry.consortium.PlanFinding.UPDATES_TOO_SPARSE;

import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which plans can work under a charter. Asked before a run begins, by whoever audits the log, and
 * by each merge for the contributions that it has.
 *
 * <p>This is also the place for what excludes rules that look at single updates, as secure
 * aggregation does: all but {@link Aggregator.Mean} without clipping and mixing.
 */
public final class PlanRules {

    private PlanRules() {}

    /**
     * Why a plan cannot work.
     *
     * @param finding as a code
     * @param detail with the numbers, and what to do
     */
    public record Refusal(PlanFinding finding, String detail) {}

    /** Why {@code plan} cannot work with the smallest quorum that {@code charter} merges. */
    public static Optional<Refusal> refusal(RunPlan plan, Charter charter) {
        return refusal(plan.merge(), charter.quorum())
                .or(() -> codecs(plan))
                .or(() -> sparseUpdates(plan))
                .or(() -> sparseGradients(plan))
                .or(() -> overlap(plan))
                .or(() -> asynchronous(plan, charter))
                .or(() -> plan.pace().flatMap(pace -> pace(pace, plan, charter)));
    }

    private static Optional<Refusal> asynchronous(RunPlan plan, Charter charter) {
        Optional<Integer> buffer = plan.asynchronous().map(Asynchronous::buffer);
        return buffer.filter(size -> size < charter.quorum())
                .map(size ->
                        new Refusal(
                                BUFFER_BELOW_QUORUM,
                                "asynchronous: a buffer of %d is below the quorum of %d; raise it"
                                        .formatted(size, charter.quorum())))
                .or(() ->
                        buffer.filter(_ -> charter.late().isEmpty())
                                .map(_ ->
                                        new Refusal(
                                                ASYNCHRONOUS_DROPS,
                                                "asynchronous: rounds that wait for nobody lose what comes late; add 'late' to the charter")));
    }

    private static Optional<Refusal> codecs(RunPlan plan) {
        return Stream.concat(plan.wire().stream().flatMap(Wire::codecs), plan.gradients().stream())
                .filter(codec -> !CodecName.KNOWN.contains(codec))
                .findFirst()
                .map(unknown ->
                        new Refusal(
                                CODEC_UNKNOWN,
                                "the codec %s is not one of %s"
                                        .formatted(unknown, CodecName.KNOWN)));
    }

    /**
     * Where most members sent nothing, the median and the trimmed mean of a coordinate are 0 or
     * nearly so, and what was sent is lost: members' residuals no longer have it. Buckets of a few
     * change little; means over all but f members, as of nearest-neighbour mixing, have no such
     * zeros.
     */
    private static Optional<Refusal> sparseUpdates(RunPlan plan) {
        Optional<String> ordered =
                switch (plan.merge().aggregator()) {
                    case Aggregator.CoordinateMedian _ -> Optional.of("coordinate-wise median");
                    case Aggregator.TrimmedMean _ -> Optional.of("trimmed mean");
                    case Aggregator.Mean _ -> Optional.empty();
                    case Aggregator.NormPreserving _ -> Optional.empty();
                    case Aggregator.MeanOverSenders _ -> Optional.empty();
                    case Aggregator.Krum _ -> Optional.empty();
                    case Aggregator.GeometricMedian _ -> Optional.empty();
                    case Aggregator.CentredClipping _ -> Optional.empty();
                };
        boolean mixed =
                plan.merge().mixing().filter(Mixing.NearestNeighbour.class::isInstance).isPresent();
        return ordered.filter(_ -> !mixed)
                .flatMap(what ->
                        plan.wire()
                                .flatMap(Wire::up)
                                .filter(CodecName::sparse)
                                .map(codec ->
                                        new Refusal(
                                                UPDATES_TOO_SPARSE,
                                                "of updates in %s the %s is 0 or nearly 0 wherever few members sent a number, which is nearly everywhere, and the base would move by a fraction of what they learnt: let 'wire.up' be int4/1 or int8/1, add 'mixing: {type: nearest-neighbour, byzantine: 1}', or take an aggregator that does not compare members coordinate by coordinate, such as mean, norm-preserving, mean-over-senders or geometric-median"
                                                        .formatted(codec, what))));
    }

    private static Optional<Refusal> sparseGradients(RunPlan plan) {
        return plan.gradients()
                .filter(CodecName::sparse)
                .map(codec ->
                        new Refusal(
                                GRADIENTS_TOO_SPARSE,
                                "a mean gradient is coded afresh in each round, so what %s leaves out never comes: let 'gradients' be int8/1, or int4/1 where bytes are dear"
                                        .formatted(codec)));
    }

    private static Optional<Refusal> pace(Pace pace, RunPlan plan, Charter charter) {
        return unless(
                        pace.leastSteps() <= plan.training().steps(),
                        PACE_ABOVE_STEPS,
                        "pace has everybody do at least %d steps, training at most %d: raise the one or lower the other",
                        pace.leastSteps(),
                        plan.training().steps())
                .or(() ->
                        unless(
                                pace.trainFor().compareTo(charter.roundDeadline()) < 0,
                                PACE_TOO_SLOW,
                                "pace has members train for %s, but a round closes after %s: leave time for contributions to travel",
                                pace.trainFor(),
                                charter.roundDeadline()));
    }

    /** Steps ahead are some of those that every member does. */
    private static Optional<Refusal> overlap(RunPlan plan) {
        int steps = plan.pace().map(Pace::leastSteps).orElse(plan.training().steps());
        return plan.overlap()
                .filter(overlap -> overlap.steps() >= steps)
                .map(overlap ->
                        new Refusal(
                                OVERLAP_TOO_LONG,
                                "an overlap of %d steps leaves none of a round's %d for after the base has come: choose at most %d"
                                        .formatted(overlap.steps(), steps, steps - 1)));
    }

    /** Why {@code rule} cannot merge so few contributions, or not at all; empty where it can. */
    public static Optional<Refusal> refusal(MergeRule rule, int contributions) {
        Optional<Refusal> mixing =
                rule.mixing()
                        .flatMap(how ->
                                switch (how) {
                                    case Mixing.Bucketing(int size) -> buckets(size, contributions);
                                    case Mixing.NearestNeighbour(int f) ->
                                            unless(
                                                    contributions > 2 * f,
                                                    NEIGHBOURS_TOO_FEW,
                                                    "nearest-neighbour mixing with f = %d needs more than %d contributions; the smallest merge has %d: raise the quorum or lower byzantine",
                                                    f,
                                                    2 * f,
                                                    contributions);
                                });
        return mixing.or(() -> aggregator(rule, voters(rule, contributions)));
    }

    /** How many vectors the aggregator gets to see. */
    private static int voters(MergeRule rule, int contributions) {
        return rule.mixing().orElse(null) instanceof Mixing.Bucketing(int size)
                ? Math.ceilDiv(contributions, size)
                : contributions;
    }

    private static Optional<Refusal> buckets(int size, int contributions) {
        return unless(
                size < contributions,
                BUCKETS_TOO_FEW,
                "buckets of %d leave one bucket of the smallest merge's %d contributions: raise the quorum or choose smaller buckets (2 are the smallest)",
                size,
                contributions);
    }

    private static Optional<Refusal> aggregator(MergeRule rule, int n) {
        return switch (rule.aggregator()) {
            case Aggregator.Mean _ -> Optional.empty();
            case Aggregator.NormPreserving _ -> Optional.empty();
            case Aggregator.CentredClipping _ -> Optional.empty();
            case Aggregator.MeanOverSenders _ -> senders(rule);
            case Aggregator.CoordinateMedian _ -> median("the coordinate-wise median", n);
            case Aggregator.GeometricMedian _ -> median("the geometric median", n);
            case Aggregator.TrimmedMean(int f) ->
                    unless(
                            n > 2 * f,
                            TRIMMED_MEAN_TOO_FEW,
                            "the trimmed mean with f = %d needs more than %d to choose from; the smallest merge has %d: raise the quorum or lower byzantine",
                            f,
                            2 * f,
                            n);
            case Aggregator.Krum(int f, int selected) ->
                    unless(
                                    n >= 2 * f + 3,
                                    KRUM_TOO_FEW,
                                    "Krum with f = %d needs at least %d to choose from; the smallest merge has %d: raise the quorum or lower byzantine",
                                    f,
                                    2 * f + 3,
                                    n)
                            .or(() ->
                                    unless(
                                            selected <= n - f - 2,
                                            KRUM_SELECTS_TOO_MANY,
                                            "Krum chooses %d; with f = %d among %d it chooses at most %d",
                                            selected,
                                            f,
                                            n,
                                            n - f - 2));
        };
    }

    private static Optional<Refusal> median(String what, int n) {
        return unless(
                n >= 3,
                MEDIAN_TOO_FEW,
                "%s needs at least 3 to choose from; the smallest merge has %d: raise the quorum or take the mean",
                what,
                n);
    }

    private static Optional<Refusal> senders(MergeRule rule) {
        return unless(
                        rule.clipping().isPresent(),
                        SENDERS_UNCLIPPED,
                        "the mean over senders lets one sender decide a coordinate alone: add 'clipping: {type: median-norm}'")
                .or(() ->
                        unless(
                                rule.mixing().isEmpty(),
                                SENDERS_MIXED,
                                "after mixing nobody's update is 0 where somebody's is not: leave 'mixing' out"));
    }

    @SuppressWarnings("AnnotateFormatMethod") // formats are literals here
    private static Optional<Refusal> unless(
            boolean holds, PlanFinding finding, String detail, Object... values) {
        return holds
                ? Optional.empty()
                : Optional.of(new Refusal(finding, detail.formatted(values)));
    }
}
