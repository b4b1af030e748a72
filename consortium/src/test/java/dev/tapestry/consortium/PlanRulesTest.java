package dev.tapestry.consortium;

import static dev.tapestry.consortium.PlanFinding.BUCKETS_TOO_FEW;
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
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Aggregator.CentredClipping;
import dev.tapestry.consortium.Aggregator.CoordinateMedian;
import dev.tapestry.consortium.Aggregator.GeometricMedian;
import dev.tapestry.consortium.Aggregator.Krum;
import dev.tapestry.consortium.Aggregator.Mean;
import dev.tapestry.consortium.Aggregator.MeanOverSenders;
import dev.tapestry.consortium.Aggregator.NormPreserving;
import dev.tapestry.consortium.Aggregator.TrimmedMean;
import dev.tapestry.consortium.Mixing.Bucketing;
import dev.tapestry.consortium.Mixing.NearestNeighbour;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each rule with one contribution too few, and with just enough. */
final class PlanRulesTest {

    /** With a quorum that robust rules can work with. */
    private static final Charter FIVE =
            new Charter(
                    "five",
                    Weighting.EQUAL,
                    0.5,
                    5,
                    Duration.ofHours(24),
                    Duration.ofHours(6),
                    16,
                    0.5,
                    0.05,
                    1L << 40);

    @Test
    void means_and_centred_clipping_work_with_any_number() {
        for (Aggregator any :
                new Aggregator[] {new Mean(), new NormPreserving(), new CentredClipping(1, 1)}) {
            assertThat(PlanRules.refusal(by(any), 1)).isEmpty();
        }
    }

    @Test
    void a_median_of_two_is_refused() {
        refused(by(new CoordinateMedian()), 2, MEDIAN_TOO_FEW, "at least 3");
        refused(by(new GeometricMedian(1e-6, 4)), 2, MEDIAN_TOO_FEW, "at least 3");
        allowed(by(new CoordinateMedian()), 3);
        allowed(by(new GeometricMedian(1e-6, 4)), 3);
    }

    @Test
    void a_trimmed_mean_that_would_trim_all_is_refused() {
        refused(by(new TrimmedMean(2)), 4, TRIMMED_MEAN_TOO_FEW, "more than 4");
        allowed(by(new TrimmedMean(2)), 5);
    }

    @Test
    void krum_needs_2f_plus_3_and_chooses_no_more_than_it_can_trust() {
        refused(by(new Krum(1, 1)), 4, KRUM_TOO_FEW, "at least 5");
        allowed(by(new Krum(1, 2)), 5);
        refused(by(new Krum(1, 3)), 5, KRUM_SELECTS_TOO_MANY, "at most 2");
    }

    @Test
    void nearest_neighbour_mixing_needs_an_honest_majority() {
        MergeRule mean = by(new Mean());
        refused(mean.mixed(new NearestNeighbour(2)), 4, NEIGHBOURS_TOO_FEW, "more than 4");
        allowed(mean.mixed(new NearestNeighbour(2)), 5);
    }

    @Test
    void buckets_are_counted_and_not_their_members() {
        MergeRule bucketed = by(new TrimmedMean(1)).mixed(new Bucketing(2));
        refused(bucketed, 4, TRIMMED_MEAN_TOO_FEW, "the smallest merge has 2");
        allowed(bucketed, 5);
        refused(by(new Mean()).mixed(new Bucketing(4)), 4, BUCKETS_TOO_FEW, "smaller buckets");
    }

    @Test
    void a_sender_alone_is_clipped_and_never_mixed() {
        MergeRule senders = by(new MeanOverSenders());
        refused(senders, 5, SENDERS_UNCLIPPED, "median-norm");
        MergeRule clipped = senders.clipped(new Clipping.MedianNorm());
        allowed(clipped, 5);
        refused(clipped.mixed(new Bucketing(2)), 5, SENDERS_MIXED, "leave 'mixing' out");
        assertThat(MergeRule.sparseLoCo(1)).isEqualTo(clipped);
    }

    @Test
    void a_plan_is_held_against_the_charters_quorum() {
        RunPlan plan = new RunPlan(1, Sample.training(), by(new CoordinateMedian()), 10);
        Charter charter = Charter.standard("two suffice");
        assertThat(PlanRules.refusal(plan, charter).map(PlanRules.Refusal::finding))
                .contains(MEDIAN_TOO_FEW);
    }

    @Test
    void a_codec_that_nobody_knows_is_refused_with_those_that_there_are() {
        RunPlan plan = new RunPlan(1, Sample.training(), by(new Mean()), 10);
        CodecName known = new CodecName("int4/1");
        CodecName newer = new CodecName("int4/2");
        Charter charter = Charter.standard("alliance");
        assertThat(PlanRules.refusal(plan.over(wire(known, known)), charter)).isEmpty();
        for (Wire wire : List.of(wire(newer, known), wire(known, newer))) {
            PlanRules.Refusal refusal = PlanRules.refusal(plan.over(wire), charter).orElseThrow();
            assertThat(refusal.finding()).isEqualTo(CODEC_UNKNOWN);
            assertThat(refusal.detail()).contains("int4/2", "topk16/1");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"topk16/1", "topk32/1", "topk64/1"})
    void coordinates_that_few_members_send_are_not_put_in_order(String topk) {
        Wire sparse = wire(new CodecName(topk), new CodecName("int4/1"));
        for (Aggregator ordered : List.of(new CoordinateMedian(), new TrimmedMean(1))) {
            MergeRule rule = by(ordered);
            refused(plan(rule).over(sparse), FIVE, UPDATES_TOO_SPARSE, "int4/1 or int8/1");
            refused(plan(rule).over(sparse), FIVE, UPDATES_TOO_SPARSE, topk);
            MergeRule bucketed = rule.mixed(new Bucketing(2));
            refused(plan(bucketed).over(sparse), FIVE, UPDATES_TOO_SPARSE, "nearest-neighbour");
            allowed(plan(rule.mixed(new NearestNeighbour(1))).over(sparse), FIVE);
        }
    }

    @Test
    void what_compares_whole_updates_takes_sparse_ones_and_what_orders_coordinates_dense_ones() {
        Wire sparse = wire(new CodecName("topk32/1"), new CodecName("int4/1"));
        for (Aggregator whole :
                List.of(
                        new Mean(),
                        new NormPreserving(),
                        new Krum(1, 2),
                        new GeometricMedian(1e-6, 4),
                        new CentredClipping(1, 1))) {
            allowed(plan(by(whole)).over(sparse), FIVE);
        }
        allowed(plan(MergeRule.sparseLoCo(1)).over(sparse), FIVE);
        for (CodecName codec : CodecName.KNOWN) {
            Wire down = new Wire(Optional.empty(), Optional.of(codec));
            allowed(plan(by(new CoordinateMedian())).over(down), FIVE);
            if (!codec.sparse()) {
                Wire up = new Wire(Optional.of(codec), Optional.empty());
                allowed(plan(by(new CoordinateMedian())).over(up), FIVE);
            }
        }
    }

    @Test
    void gradients_most_of_which_would_never_come_are_refused() {
        RunPlan plan = plan(by(new Mean()));
        for (CodecName codec : CodecName.KNOWN) {
            if (codec.value().startsWith("topk")) {
                refused(plan.sharing(codec), FIVE, GRADIENTS_TOO_SPARSE, codec + " leaves out");
            } else {
                allowed(plan.sharing(codec), FIVE);
            }
        }
    }

    @Test
    void an_overlap_leaves_steps_for_after_the_base_has_come() {
        RunPlan plan = new RunPlan(1, Sample.training(), by(new Mean()), 10);
        int steps = Sample.training().steps();
        Charter charter = Charter.standard("alliance");
        assertThat(PlanRules.refusal(plan.overlapping(steps - 1), charter)).isEmpty();
        refused(plan.overlapping(steps), charter, OVERLAP_TOO_LONG, "at most " + (steps - 1));
        assertThatThrownBy(() -> plan.overlapping(0)).hasMessageContaining("leave 'overlap' out");
    }

    @Test
    void a_pace_fits_into_the_plan_and_into_a_round() {
        RunPlan plan = new RunPlan(1, Sample.training(), by(new Mean()), 10);
        int steps = Sample.training().steps();
        Charter charter = Charter.standard("alliance");
        Duration deadline = charter.roundDeadline();
        Duration shorter = deadline.minusSeconds(1);
        assertThat(PlanRules.refusal(plan.at(new Pace(shorter, steps)), charter)).isEmpty();
        refused(
                plan.at(new Pace(shorter, steps + 1)),
                charter,
                PACE_ABOVE_STEPS,
                "at most " + steps);
        refused(plan.at(new Pace(deadline, 1)), charter, PACE_TOO_SLOW, deadline.toString());
        refused(
                plan.at(new Pace(shorter, 1)).overlapping(1),
                charter,
                OVERLAP_TOO_LONG,
                "a round's 1");
        assertThatThrownBy(() -> new Pace(Duration.ZERO, 1)).hasMessageContaining("trainFor");
        assertThatThrownBy(() -> new Pace(shorter, 0)).hasMessageContaining("leastSteps");
    }

    private static RunPlan plan(MergeRule rule) {
        return new RunPlan(1, Sample.training(), rule, 10);
    }

    private static void allowed(RunPlan plan, Charter charter) {
        assertThat(PlanRules.refusal(plan, charter)).as(plan.toString()).isEmpty();
    }

    private static void refused(RunPlan plan, Charter charter, PlanFinding finding, String detail) {
        PlanRules.Refusal refusal = PlanRules.refusal(plan, charter).orElseThrow();
        assertThat(refusal.finding()).isEqualTo(finding);
        assertThat(refusal.detail()).contains(detail);
    }

    private static Wire wire(CodecName up, CodecName down) {
        return new Wire(Optional.of(up), Optional.of(down));
    }

    private static MergeRule by(Aggregator aggregator) {
        return MergeRule.of(OuterOptimizer.fedAvg(), aggregator);
    }

    private static void refused(MergeRule rule, int n, PlanFinding finding, String why) {
        PlanRules.Refusal refusal = PlanRules.refusal(rule, n).orElseThrow();
        assertThat(refusal.finding()).isEqualTo(finding);
        assertThat(refusal.detail()).contains(why);
    }

    private static void allowed(MergeRule rule, int n) {
        assertThat(PlanRules.refusal(rule, n)).as("%s of %d", rule, n).isEmpty();
    }
}
