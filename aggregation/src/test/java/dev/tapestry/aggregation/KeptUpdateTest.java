package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.Clipping;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Merges that keep their update for the next one's cosine. */
class KeptUpdateTest {

    private static final long SEED = 20261126;
    private static final Digest BASE = Digest.of(new byte[] {0});

    @TempDir Path folder;

    @Test
    void what_is_kept_changes_no_candidate_under_any_rule() {
        Map<String, MergeRule> rules = new LinkedHashMap<>();
        rules.put("fedavg", MergeRule.fedAvg());
        rules.put("nesterov", MergeRule.diLoCo(0.7, 0.9));
        rules.put("yogi", mean(OuterOptimizer.fedYogi(0.1, 1e-3)));
        rules.put("delayed", mean(new OuterOptimizer.DelayedNesterov(0.7, 0.9, 3, 0.1)));
        rules.put("krum", fedAvg(new Aggregator.Krum(1, 2)));
        rules.put("geometric", fedAvg(new Aggregator.GeometricMedian(1e-6, 4)));
        rules.put("median", fedAvg(new Aggregator.CoordinateMedian()));
        rules.put(
                "preserving",
                fedAvg(new Aggregator.NormPreserving()).clipped(new Clipping.MedianNorm()));
        try (Models models = new Models(folder)) {
            List<ModelDirectory> all = random(models);
            rules.forEach((name, rule) -> {
                MergeOutcome plain = merged(plain(all, rule, Optional.empty()), name + " 1");
                MergeOutcome keeping = merged(keeping(all, rule, Optional.empty()), name + " 1k");
                MergeOutcome plainNext = merged(plain(all, rule, plain.state()), name + " 2");
                MergeOutcome next = merged(keeping(all, rule, keeping.state()), name + " 2k");
                assertThat(Manifests.of(keeping.candidate()))
                        .as(name)
                        .isEqualTo(Manifests.of(plain.candidate()));
                assertThat(Manifests.of(next.candidate()))
                        .as(name)
                        .isEqualTo(Manifests.of(plainNext.candidate()));
                assertThat(keeping.statistics().whole().cosineWithPrevious()).isEmpty();
                assertThat(plainNext.statistics().whole().cosineWithPrevious()).isEmpty();
                assertThat(next.statistics().whole().cosineWithPrevious().orElseThrow())
                        .as("%s, twice the same", name)
                        .isBetween(0.99999, 1.00001);
                assertThat(next.statistics().whole().momentum())
                        .isEqualTo(plainNext.statistics().whole().momentum());
            });
        }
    }

    @Test
    void a_merge_that_was_killed_in_the_middle_keeps_the_same() throws IOException {
        try (Models models = new Models(folder)) {
            List<ModelDirectory> all = random(models);
            MergeRule rule = MergeRule.fedAvg();
            MergeOutcome first = merged(keeping(all, rule, Optional.empty()), "first");
            MergeOrder order = keeping(all, rule, first.state());
            Path whole = Files.createDirectory(folder.resolve("whole"));
            MergeOutcome expected = Merge.run(order, whole.resolve("next"), 1);
            Path killed = Files.createDirectory(folder.resolve("killed"));
            Path work = killed.resolve(".next.merging");
            String shard = order.base().layout().keySet().iterator().next();
            copy(expected.candidate(), work.resolve("candidate"), shard);
            copy(
                    expected.state().orElseThrow().directory().resolve("kept-update"),
                    work.resolve("state/kept-update"),
                    shard);
            List<String> journal = Files.readAllLines(whole.resolve(".next.merged"));
            Files.writeString(
                    work.resolve("journal"), journal.get(0) + "\n" + journal.get(1) + "\n");

            MergeOutcome resumed = Merge.run(order, killed.resolve("next"), 2);
            assertThat(resumed.state().map(OuterState::digest))
                    .isEqualTo(expected.state().map(OuterState::digest));
            assertThat(resumed.statistics()).isEqualTo(expected.statistics());
        }
    }

    @Test
    void a_state_with_an_update_is_read_by_rules_that_do_not_ask_for_it_and_the_other_way_round() {
        try (Models models = new Models(folder)) {
            List<ModelDirectory> all = random(models);
            MergeRule rule = MergeRule.diLoCo(0.7, 0.9);
            MergeOutcome plain = merged(plain(all, rule, Optional.empty()), "plain");
            MergeOutcome keeping = merged(keeping(all, rule, Optional.empty()), "keeping");
            MergeOutcome one = merged(keeping(all, rule, plain.state()), "keeping after plain");
            MergeOutcome other = merged(plain(all, rule, keeping.state()), "plain after keeping");
            assertThat(Manifests.of(one.candidate())).isEqualTo(Manifests.of(other.candidate()));
            assertThat(one.statistics()).isEqualTo(other.statistics());
            assertThat(one.statistics().whole().cosineWithPrevious()).isEmpty();
            assertThat(plain(all, rule, plain.state()).identity())
                    .isNotEqualTo(keeping(all, rule, plain.state()).identity());
            assertThatThrownBy(() -> plain(all, MergeRule.fedAvg(), keeping.state()))
                    .isInstanceOf(AggregationException.class)
                    .hasMessageContaining("leave it out");
        }
    }

    @Test
    void a_rule_that_goes_on_from_the_update_does_not_begin_with_one_that_another_rule_made() {
        MergeRule nesterov = MergeRule.diLoCo(0.7, 0.9);
        MergeRule measured = mean(new OuterOptimizer.Measured(1, 0.9, 0.9));
        MergeRule centred = fedAvg(new Aggregator.CentredClipping(1, 3));
        try (Models models = new Models(folder)) {
            List<ModelDirectory> all = random(models);
            OuterState plain = state(all, MergeRule.fedAvg(), "plain");
            OuterState turned = state(all, nesterov, "turned");
            OuterState clipped = state(all, centred, "clipped");
            assertThat(plain.fits(MergeRule.fedAvg())).isTrue();
            assertThat(plain.fits(centred)).isFalse();
            assertThat(turned.fits(measured)).isFalse();
            assertThat(state(all, measured, "measured").fits(nesterov)).isFalse();
            assertThat(clipped.fits(centred)).isTrue();
            assertThat(clipped.fits(MergeRule.fedAvg())).isFalse();
            MergeOrder order = keeping(all, centred, Optional.of(plain));
            assertThatThrownBy(() -> merged(order, "wrong"))
                    .hasMessageContaining("the rule keeps [PREVIOUS_UPDATE]")
                    .hasMessageContaining("begin without a state");
        }
    }

    private OuterState state(List<ModelDirectory> all, MergeRule rule, String name) {
        return merged(keeping(all, rule, Optional.empty()), name).state().orElseThrow();
    }

    private MergeOutcome merged(MergeOrder order, String name) {
        return Merge.run(order, folder.resolve(name), 2);
    }

    private static MergeRule mean(OuterOptimizer outer) {
        return MergeRule.of(outer, new Aggregator.Mean());
    }

    private static MergeRule fedAvg(Aggregator aggregator) {
        return MergeRule.of(OuterOptimizer.fedAvg(), aggregator);
    }

    private static MergeOrder plain(
            List<ModelDirectory> all, MergeRule rule, Optional<OuterState> state) {
        return MergeOrder.of(all.getFirst(), BASE, members(all), rule, state);
    }

    private static MergeOrder keeping(
            List<ModelDirectory> all, MergeRule rule, Optional<OuterState> state) {
        return MergeOrder.keepingUpdate(all.getFirst(), BASE, members(all), rule, state);
    }

    private static SequencedMap<MemberId, WeightedContribution> members(List<ModelDirectory> all) {
        return Models.members(all.subList(1, all.size()), 0.2, 0.2, 0.2, 0.2, 0.2);
    }

    /** The base, then members near it. */
    private static List<ModelDirectory> random(Models models) {
        Random random = new Random(SEED);
        Map<String, float[]> values = Models.random(Models.SMALL_LLAMA, random, 0.1);
        List<ModelDirectory> all = new ArrayList<>();
        all.add(models.write("base", Models.SMALL_LLAMA, values, 5_000));
        for (int member = 0; member < 5; member++) {
            all.add(
                    models.write(
                            "m" + member, Models.SMALL_LLAMA, Models.near(values, random, 0.01)));
        }
        return all;
    }

    private static void copy(Path from, Path to, String shard) throws IOException {
        Files.createDirectories(to);
        Files.copy(from.resolve(shard), to.resolve(shard));
    }
}
