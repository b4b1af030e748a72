package dev.tapestry.aggregation.weighting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.aggregation.weighting.Apportionment.Apportioned;
import dev.tapestry.aggregation.weighting.Apportionment.Refused;
import dev.tapestry.aggregation.weighting.Apportionment.Trained;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.Weighting;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class ApportionmentTest {

    @Test
    void equal_members_weigh_the_same_whatever_they_trained_on() {
        assertThat(weights(Weighting.EQUAL, 1, 10, 90, 0, 300).values()).containsOnly(0.25);
    }

    @Test
    void tokens_weigh_in_proportion() {
        assertThat(weights(Weighting.TOKENS, 1, 100, 300, 0).values())
                .containsExactly(0.25, 0.75, 0.0);
    }

    /** Decoupled DiLoCo: w ∝ c_tokens² ÷ c_steps. */
    @Test
    void tokens_squared_per_step_favour_large_batches_over_many_steps() {
        Map<MemberId, Trained> members = new TreeMap<>();
        members.put(new MemberId("few-large"), new Trained(800, 2));
        members.put(new MemberId("many-small"), new Trained(800, 8));
        members.put(new MemberId("nothing-yet"), new Trained(0, 0));
        members.put(new MemberId("short"), new Trained(400, 1));
        // 320,000, 80,000, 0, 160,000
        assertThat(weights(Weighting.TOKENS_SQUARED_PER_STEP, 1, members).values())
                .satisfiesExactly(
                        few -> assertThat(few).isCloseTo(4 / 7.0, within(1e-15)),
                        many -> assertThat(many).isCloseTo(1 / 7.0, within(1e-15)),
                        none -> assertThat(none).isZero(),
                        small -> assertThat(small).isCloseTo(2 / 7.0, within(1e-15)));
        assertThat(weights(Weighting.TOKENS_SQUARED_PER_STEP, 0.45, members).values())
                .first()
                .isEqualTo(0.45);
    }

    @Test
    void with_one_size_of_batch_tokens_squared_per_step_is_tokens() {
        Map<MemberId, Trained> members = new TreeMap<>();
        members.put(new MemberId("fast"), new Trained(4096, 8));
        members.put(new MemberId("slow"), new Trained(1024, 2));
        assertThat(weights(Weighting.TOKENS_SQUARED_PER_STEP, 1, members))
                .isEqualTo(weights(Weighting.TOKENS, 1, members));
    }

    @Test
    void tokens_without_a_step_are_refused() {
        for (long[] odd : new long[][] {{1, 0}, {-1, 1}, {1, -1}}) {
            assertThatThrownBy(() -> new Trained(odd[0], odd[1]))
                    .hasMessageContaining("nobody trains on");
        }
    }

    @Test
    void what_the_cap_takes_from_the_largest_goes_to_the_others_in_proportion() {
        // 0.7, 0.2, 0.1 → 0.4 and 0.6 shared as 2 : 1, and 0.4 is just the cap
        assertThat(weights(Weighting.TOKENS, 0.4, 700, 200, 100).values())
                .satisfiesExactly(
                        first -> assertThat(first).isEqualTo(0.4),
                        second -> assertThat(second).isCloseTo(0.4, within(1e-15)),
                        third -> assertThat(third).isCloseTo(0.2, within(1e-15)));
    }

    @Test
    void a_member_lifted_above_the_cap_by_the_first_is_capped_too() {
        assertThat(weights(Weighting.TOKENS, 0.35, 800, 150, 50).values())
                .satisfiesExactly(
                        first -> assertThat(first).isEqualTo(0.35),
                        second -> assertThat(second).isEqualTo(0.35),
                        third -> assertThat(third).isCloseTo(0.3, within(1e-15)));
    }

    @Test
    void a_cap_below_one_over_the_members_is_refused_with_what_would_do() {
        assertThat(Apportionment.of(Weighting.EQUAL, new InfluenceCap(0.3), tokens(1, 1, 1)))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused ->
                                assertThat(refused.detail())
                                        .contains("cap of 0.3")
                                        .contains("at least 1/3"));
    }

    @Test
    void a_member_without_tokens_does_not_help_the_others_under_the_cap() {
        assertThat(Apportionment.of(Weighting.TOKENS, new InfluenceCap(0.4), tokens(5, 5, 0)))
                .isInstanceOf(Refused.class);
    }

    @Test
    void a_round_in_which_nobody_trained_has_no_weights() {
        assertThat(Apportionment.of(Weighting.TOKENS, InfluenceCap.none(), tokens(0, 0)))
                .isInstanceOf(Refused.class);
        assertThat(Apportionment.of(Weighting.EQUAL, InfluenceCap.none(), Map.of()))
                .isInstanceOf(Refused.class);
    }

    @Test
    void caps_outside_zero_to_one_are_refused() {
        for (double most : new double[] {0, -1, 1.01, Double.NaN}) {
            assertThatThrownBy(() -> new InfluenceCap(most)).hasMessageContaining("at most 1");
        }
    }

    @Test
    void weights_always_sum_to_one_stay_under_the_cap_and_keep_their_order() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int trial = 0; trial < 2_000; trial++) {
            long[] tokens =
                    random.longs(1 + random.nextInt(12), 1, 1L << random.nextInt(2, 40)).toArray();
            double lowest = 1.0 / tokens.length;
            double cap = lowest + random.nextDouble() * (1 - lowest);
            List<Double> weights = List.copyOf(weights(Weighting.TOKENS, cap, tokens).values());
            String story = "seed " + seed + ", trial " + trial;
            assertThat(weights.stream().mapToDouble(Double::doubleValue).sum())
                    .as(story)
                    .isCloseTo(1, within(1e-14 * tokens.length));
            for (int i = 0; i < tokens.length; i++) {
                assertThat(weights.get(i)).as(story).isPositive().isLessThanOrEqualTo(cap);
                for (int j = 0; j < i; j++) {
                    if (tokens[i] > tokens[j]) {
                        assertThat(weights.get(i)).as(story).isGreaterThanOrEqualTo(weights.get(j));
                    }
                }
            }
        }
    }

    private static SequencedMap<MemberId, Double> weights(
            Weighting weighting, double cap, long... tokens) {
        return weights(weighting, cap, tokens(tokens));
    }

    private static SequencedMap<MemberId, Double> weights(
            Weighting weighting, double cap, Map<MemberId, Trained> trained) {
        return switch (Apportionment.of(weighting, new InfluenceCap(cap), trained)) {
            case Apportioned(var weights) -> weights;
            case Refused(String detail) -> throw new AssertionError(detail);
        };
    }

    /** So many tokens each, in one step. */
    private static Map<MemberId, Trained> tokens(long... tokens) {
        Map<MemberId, Trained> byMember = new HashMap<>();
        for (int i = 0; i < tokens.length; i++) {
            byMember.put(new MemberId("m%02d".formatted(i)), new Trained(tokens[i], 1));
        }
        return new TreeMap<>(byMember);
    }
}
