package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What must hold for any numbers: a random small Llama with three members in several shards. */
final class MergePropertiesTest {

    private static final long SEED = System.nanoTime();
    private static final double[] WEIGHTS = {0.5, 0.2, 0.3};
    private static final MergeRule NESTEROV = Models.preserving(0.7, 0.5);

    @TempDir Path folder;

    private Models models;
    private ModelDirectory base;
    private final List<ModelDirectory> members = new ArrayList<>();

    @BeforeEach
    void writeSmallLlamas() {
        models = new Models(folder);
        write("", Models.SMALL_LLAMA, 5_000);
    }

    private void write(String prefix, List<TensorSpec> specs, long maxShardBytes) {
        Random random = new Random(SEED);
        Map<String, float[]> values = Models.random(specs, random, 0.1);
        base = models.write(prefix + "base", specs, values, maxShardBytes);
        members.clear();
        for (int member = 0; member < WEIGHTS.length; member++) {
            Map<String, float[]> moved = Models.near(values, random, 0.01);
            // Members need not cut their weights as the base does.
            members.add(models.write(prefix + "member" + member, specs, moved));
        }
    }

    @AfterEach
    void close() {
        models.close();
    }

    @Test
    void every_rule_agrees_with_the_plain_equations() {
        int rules = 0;
        for (MergeRule rule :
                List.of(
                        MergeRule.fedAvg(),
                        MergeRule.diLoCo(0.8, 0.6),
                        Models.preserving(1, 0),
                        NESTEROV)) {
            ModelDirectory merged = models.merged(order(rule), "next" + rules++);
            for (TensorSpec spec : Models.SMALL_LLAMA) {
                compare(spec, rule, Models.values(merged, spec.name()));
            }
        }
    }

    private void compare(TensorSpec spec, MergeRule rule, float[] found) {
        float[][] theirs = new float[WEIGHTS.length][];
        for (int m = 0; m < theirs.length; m++) {
            theirs[m] = Models.values(members.get(m), spec.name());
        }
        boolean hidden = spec.name().contains("proj");
        float[] before = Models.values(base, spec.name());
        double[] expected = ReferenceMerge.merge(before, theirs, WEIGHTS, rule, hidden);
        for (int i = 0; i < expected.length; i++) {
            if (Math.abs(found[i] - expected[i]) > 1e-7) {
                assertThat((double) found[i])
                        .as("seed %d, %s, %s[%d]", SEED, rule, spec.name(), i)
                        .isCloseTo(expected[i], within(1e-7));
            }
        }
    }

    @Test
    void one_thread_and_three_and_scalar_kernels_give_the_same_bytes() {
        List<TensorSpec> specs = new ArrayList<>(Models.SMALL_LLAMA);
        specs.add(Models.LONG_MATRIX);
        write("long-", specs, 600_000);
        MergeOutcome one = Merge.run(order(NESTEROV), folder.resolve("one"), 1);
        MergeOutcome three = Merge.run(order(NESTEROV), folder.resolve("three"), 3);
        MergeOutcome scalar =
                new Merge(new ScalarKernels(), 2).into(order(NESTEROV), folder.resolve("scalar"));
        for (MergeOutcome other : List.of(three, scalar)) {
            assertThat(Manifests.of(other.candidate()))
                    .as("seed %d", SEED)
                    .isEqualTo(Manifests.of(one.candidate()));
            assertThat(other.state()).isEqualTo(one.state());
            assertThat(other.statistics()).isEqualTo(one.statistics());
        }
    }

    @Test
    void the_order_in_which_members_arrive_changes_nothing() {
        SequencedMap<MemberId, WeightedContribution> reversed =
                new LinkedHashMap<>(Models.members(members, WEIGHTS).reversed());
        MergeOrder order = Models.order(base, reversed, NESTEROV);
        assertThat(order.identity()).isEqualTo(order(NESTEROV).identity());
        assertSameBytes(order, order(NESTEROV));
    }

    @Test
    void a_member_without_weight_is_as_good_as_absent() {
        List<ModelDirectory> two = members.subList(0, 2);
        assertSameBytes(
                Models.order(base, Models.members(members, 0.6, 0.4, 0), NESTEROV),
                Models.order(base, Models.members(two, 0.6, 0.4), NESTEROV));
    }

    @Test
    void members_who_say_the_same_get_what_they_say() {
        ModelDirectory same = members.getFirst();
        MergeOrder order =
                Models.order(
                        base,
                        Models.members(List.of(same, same, same), WEIGHTS),
                        Models.preserving(1, 0));
        ModelDirectory merged = models.merged(order, "next");
        for (TensorSpec spec : Models.SMALL_LLAMA) {
            float[] found = Models.values(merged, spec.name());
            float[] said = Models.values(same, spec.name());
            for (int i = 0; i < said.length; i++) {
                if (Math.abs(found[i] - said[i]) > 1e-7) {
                    assertThat(found[i]).as("seed " + SEED).isCloseTo(said[i], within(1e-7f));
                }
            }
        }
    }

    @Test
    void one_member_with_all_weight_and_power_of_two_rates_scale_exactly() {
        var only = Models.members(members.subList(0, 1), 1);
        MergeOrder whole = Models.order(base, only, Models.sgd(1));
        MergeOrder half = Models.order(base, only, Models.sgd(0.5));
        float[] full = Models.values(models.merged(whole, "whole"), "model.norm.weight");
        float[] part = Models.values(models.merged(half, "half"), "model.norm.weight");
        float[] start = Models.values(base, "model.norm.weight");
        float[] end = Models.values(members.getFirst(), "model.norm.weight");
        for (int i = 0; i < start.length; i++) {
            float update = start[i] - end[i];
            assertThat(full[i]).as("seed " + SEED).isEqualTo(start[i] - update);
            assertThat(part[i]).as("seed " + SEED).isEqualTo(start[i] - 0.5f * update);
        }
    }

    @Test
    void federated_averaging_is_sgd_with_rate_one_and_nesterov_without_momentum() {
        // One record says all three; what remains to be shown is that μ = 0 keeps no momentum.
        MergeOutcome outcome = Merge.run(order(Models.sgd(1)), folder.resolve("sgd"), 2);
        MergeOutcome average = Merge.run(order(MergeRule.fedAvg()), folder.resolve("average"), 1);
        assertThat(outcome.state()).isEmpty();
        assertThat(Manifests.of(outcome.candidate())).isEqualTo(Manifests.of(average.candidate()));
    }

    @Test
    void the_longer_step_of_preserved_norms_shows_in_the_statistics() {
        write("matrix-", List.of(TensorSpec.of("proj.weight", DType.F32, 64, 64)), 100_000);
        double mean =
                Merge.run(order(MergeRule.fedAvg()), folder.resolve("m"), 1)
                        .statistics()
                        .aggregateNorm();
        RoundStatistics preserved =
                Merge.run(order(Models.preserving(1, 0)), folder.resolve("p"), 1).statistics();
        var first = Objects.requireNonNull(preserved.members().get(new MemberId("a")));
        // Independent updates: the mean is about √Σw² = 0.616 of a member's length.
        assertThat(mean / first.norm()).isCloseTo(0.616, within(0.06));
        assertThat(preserved.aggregateNorm() / first.norm()).isCloseTo(1, within(0.06));
    }

    private MergeOrder order(MergeRule rule) {
        return Models.order(base, Models.members(members, WEIGHTS), rule);
    }

    private void assertSameBytes(MergeOrder left, MergeOrder right) {
        MergeOutcome one = Merge.run(left, folder.resolve("left"), 1);
        MergeOutcome other = Merge.run(right, folder.resolve("right"), 2);
        assertThat(Manifests.of(one.candidate()))
                .as("seed %d", SEED)
                .isEqualTo(Manifests.of(other.candidate()));
        assertThat(one.state()).isEqualTo(other.state());
    }
}
