package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.Clipping;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.Mixing;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What must hold of every rule, whatever the numbers. */
final class RulePropertiesTest {

    private static final long SEED = System.nanoTime();
    private static final double FLOATS = 1e-7;
    private static final int MEMBERS = 7;

    @TempDir Path folder;

    private final Map<String, MergeRule> rules = new LinkedHashMap<>();
    private int next;

    @BeforeEach
    void nameAllRules() {
        rules.put("mean", MergeRule.fedAvg());
        rules.put("preserving", by(new Aggregator.NormPreserving()));
        rules.putAll(robust());
        rules.putAll(clipped());
        rules.put("neighbours", by(new Aggregator.Mean()).mixed(new Mixing.NearestNeighbour(2)));
    }

    /** As rules are used that have no protection of their own; the last is the default. */
    private static Map<String, MergeRule> clipped() {
        Map<String, MergeRule> clipped = new LinkedHashMap<>();
        clipped.put("clipped mean", clipped(MergeRule.fedAvg()));
        clipped.put("senders", MergeRule.sparseLoCo(1)); // clips by itself
        clipped.put("clipped preserving", clipped(by(new Aggregator.NormPreserving())));
        return clipped;
    }

    private static MergeRule clipped(MergeRule rule) {
        return rule.clipped(new Clipping.MedianNorm());
    }

    private static Map<String, MergeRule> robust() {
        Map<String, MergeRule> robust = new LinkedHashMap<>();
        robust.put("median", by(new Aggregator.CoordinateMedian()));
        robust.put("trimmed", by(new Aggregator.TrimmedMean(2)));
        robust.put("krum", by(new Aggregator.Krum(2, 1)));
        robust.put("multi-krum", by(new Aggregator.Krum(2, 3)));
        robust.put("geometric", by(new Aggregator.GeometricMedian(1e-9, 60)));
        robust.put("centred", by(new Aggregator.CentredClipping(1, 5)));
        robust.put(
                "neighbours of trimmed",
                by(new Aggregator.TrimmedMean(2)).mixed(new Mixing.NearestNeighbour(2)));
        robust.put(
                "buckets of median",
                by(new Aggregator.CoordinateMedian()).mixed(new Mixing.Bucketing(2)));
        return robust;
    }

    @Test
    void who_is_who_changes_nothing() {
        rules.remove("buckets of median"); // lots are drawn by name
        try (RuleStage stage = stage()) {
            double[][] x = stage.honest();
            List<double[]> shuffled = new ArrayList<>(List.of(x));
            Collections.shuffle(shuffled, new Random(SEED));
            Map<String, double[]> straight = stage.moves(rules, x);
            stage.moves(rules, shuffled.toArray(double[][]::new))
                    .forEach((name, other) ->
                            expect(name, other, straight.getOrDefault(name, other), FLOATS));
            assertThat(straight).hasSize(rules.size());
        }
    }

    @Test
    void members_who_say_the_same_get_what_they_say() {
        try (RuleStage stage = stage()) {
            double[] said = stage.gaussian(0.01);
            double[][] x = new double[MEMBERS][];
            Arrays.fill(x, said);
            stage.moves(rules, x).forEach((name, moved) -> expect(name, moved, said, FLOATS));
        }
    }

    @Test
    void twice_the_updates_go_twice_as_far() {
        rules.remove("buckets of median"); // other contributions draw other lots
        try (RuleStage stage = stage()) {
            double[][] x = stage.honest();
            double[][] twice = Arrays.stream(x).map(u -> times(2, u)).toArray(double[][]::new);
            Map<String, double[]> once = stage.moves(rules, x);
            stage.moves(rules, twice)
                    .forEach((name, moved) ->
                            expect(
                                    name,
                                    moved,
                                    times(2, once.getOrDefault(name, moved)),
                                    2 * FLOATS));
        }
    }

    @Test
    void one_liar_moves_a_robust_merge_by_little_and_the_mean_as_far_as_it_likes() {
        Map<String, MergeRule> all = robust();
        all.putAll(clipped());
        all.put("mean", MergeRule.fedAvg());
        for (double size : new double[] {1e1, 1e4}) {
            try (RuleStage stage = stage()) {
                // Honest updates are about 0.14 long.
                double[][] x = stage.honest();
                double[] lie = stage.gaussian(1);
                x[3] = times(size / Published.norm(lie), lie);
                stage.moves(all, x)
                        .forEach((name, moved) -> {
                            String story =
                                    "seed %d: %s with a liar of %s".formatted(SEED, name, size);
                            switch (name) {
                                case "mean" ->
                                        assertThat(Published.norm(moved))
                                                .as(story)
                                                .isGreaterThan(size / MEMBERS - 1);
                                // It gets in with its radius, five times a seventh.
                                case "centred" ->
                                        assertThat(Published.norm(moved)).as(story).isLessThan(1);
                                default ->
                                        assertThat(Published.norm(moved)).as(story).isLessThan(0.2);
                            }
                        });
            }
        }
    }

    @Test
    void threads_and_kernels_change_no_byte() {
        List<TensorSpec> specs = new ArrayList<>(Models.SMALL_LLAMA);
        specs.add(Models.LONG_MATRIX);
        try (Models models = new Models(folder)) {
            List<ModelDirectory> members = random(models, specs, 600_000);
            rules.put("yogi", of(OuterOptimizer.fedYogi(0.1, 1e-3), new Aggregator.Mean()));
            rules.put("adam", of(OuterOptimizer.fedAdam(0.1, 1e-3), new Aggregator.Mean()));
            rules.put("delayed", delayed(2, 0.5));
            rules.put("delayed by nothing", delayed(1, 0));
            rules.put(
                    "measured and centred",
                    of(
                            new OuterOptimizer.Measured(1, 0.9, 0.5),
                            new Aggregator.CentredClipping(1, 3)));
            rules.forEach((name, rule) -> {
                MergeOrder order = order(members, rule, Optional.empty());
                MergeOutcome one =
                        new Merge(new ScalarKernels(), 1).into(order, folder.resolve("1 " + name));
                MergeOutcome other =
                        new Merge(Kernels.fastest(), 3).into(order, folder.resolve("3 " + name));
                assertThat(Manifests.of(other.candidate()))
                        .as("seed %d, %s", SEED, name)
                        .isEqualTo(Manifests.of(one.candidate()));
                assertThat(other.state()).isEqualTo(one.state());
                assertThat(other.statistics()).isEqualTo(one.statistics());
            });
        }
    }

    @Test
    void a_merge_that_was_killed_in_the_middle_surveys_again_and_ends_the_same()
            throws IOException {
        MergeRule rule =
                of(new OuterOptimizer.Measured(1, 0.9, 0.5), new Aggregator.CentredClipping(0.2, 3))
                        .clipped(new Clipping.MedianNorm())
                        .mixed(new Mixing.NearestNeighbour(2));
        MergeOutcome expected = killedInTheMiddle(rule);
        assertThat(expected.state().orElseThrow().notes().cosine()).isPresent();
    }

    @Test
    void a_merge_that_was_killed_in_the_middle_has_gathered_no_update_twice() throws IOException {
        MergeRule rule =
                of(new OuterOptimizer.DelayedNesterov(1, 0.9, 3, 0.1), new Aggregator.Mean());
        MergeOutcome expected = killedInTheMiddle(rule);
        assertThat(expected.state().orElseThrow().notes().gathered()).hasValue(2);
    }

    /** The second merge of two; what it gives when nobody kills it. */
    private MergeOutcome killedInTheMiddle(MergeRule rule) throws IOException {
        try (Models models = new Models(folder)) {
            List<ModelDirectory> members = random(models, Models.SMALL_LLAMA, 5_000);
            MergeOutcome first =
                    Merge.run(order(members, rule, Optional.empty()), folder.resolve("first"), 1);
            MergeOrder order = order(members, rule, first.state());
            Path whole = Files.createDirectory(folder.resolve("whole"));
            MergeOutcome expected = Merge.run(order, whole.resolve("next"), 1);
            Path killed = Files.createDirectory(folder.resolve("killed"));
            Path work = Files.createDirectory(killed.resolve(".next.merging"));
            String shard = order.base().layout().keySet().iterator().next();
            Path state = expected.state().orElseThrow().directory();
            copy(expected.candidate(), work.resolve("candidate"), shard);
            for (Buffer buffer : Buffer.of(rule)) {
                copy(
                        state.resolve(buffer.folder()),
                        work.resolve("state").resolve(buffer.folder()),
                        shard);
            }
            List<String> journal = Files.readAllLines(whole.resolve(".next.merged"));
            Files.writeString(
                    work.resolve("journal"), journal.get(0) + "\n" + journal.get(1) + "\n");

            MergeOutcome resumed = Merge.run(order, killed.resolve("next"), 3);
            assertThat(Manifests.of(resumed.candidate()))
                    .isEqualTo(Manifests.of(expected.candidate()));
            assertThat(resumed.state().map(OuterState::digest))
                    .isEqualTo(expected.state().map(OuterState::digest));
            assertThat(resumed.state().orElseThrow().isIntact()).isTrue();
            assertThat(resumed.statistics()).isEqualTo(expected.statistics());
            assertThat(
                            MergeVerification.verify(
                                    order,
                                    Manifests.of(expected.candidate()),
                                    expected.state().map(OuterState::digest),
                                    folder))
                    .isEqualTo(new MergeVerification.Matches(expected.statistics()));
            return expected;
        }
    }

    @Test
    void no_two_rules_have_the_same_identity() {
        try (Models models = new Models(folder)) {
            List<ModelDirectory> members = random(models, Models.SMALL_LLAMA, 5_000);
            rules.put("larger radius", by(new Aggregator.CentredClipping(2, 5)));
            rules.put("more steps", by(new Aggregator.CentredClipping(1, 6)));
            rules.put("heavy", of(OuterOptimizer.fedAvgM(1, 0.5), new Aggregator.Mean()));
            rules.put("nesterov", MergeRule.diLoCo(1, 0.5));
            rules.put("delayed", delayed(2, 0));
            rules.put("delayed longer", delayed(3, 0));
            rules.put("delayed and spread", delayed(2, 0.5));
            assertThat(
                            rules.values().stream()
                                    .map(rule -> order(members, rule, Optional.empty()).identity())
                                    .distinct())
                    .hasSize(rules.size());
        }
    }

    @Test
    void a_rule_that_cannot_merge_so_few_is_refused_before_anything_is_written() {
        try (Models models = new Models(folder)) {
            ModelDirectory base = models.vector("base", 1, 2);
            var two =
                    Models.members(
                            List.of(models.vector("a", 2, 2), models.vector("b", 2, 3)), 0.5, 0.5);
            MergeOrder order = Models.order(base, two, by(new Aggregator.CoordinateMedian()));
            assertThatThrownBy(() -> Merge.run(order, folder.resolve("next"), 1))
                    .isInstanceOf(AggregationException.class)
                    .hasMessageStartingWith("MEDIAN_TOO_FEW");
        }
    }

    private static void copy(Path from, Path to, String shard) throws IOException {
        Files.createDirectories(to);
        Files.copy(from.resolve(shard), to.resolve(shard));
    }

    /** The base, then members near it. */
    private static List<ModelDirectory> random(
            Models models, List<TensorSpec> specs, long maxShardBytes) {
        Random random = new Random(SEED);
        Map<String, float[]> values = Models.random(specs, random, 0.1);
        List<ModelDirectory> all = new ArrayList<>();
        all.add(models.write("base", specs, values, maxShardBytes));
        for (int member = 0; member < MEMBERS; member++) {
            all.add(models.write("m" + member, specs, Models.near(values, random, 0.01)));
        }
        return all;
    }

    private static MergeOrder order(
            List<ModelDirectory> all, MergeRule rule, Optional<OuterState> state) {
        double[] weights = {0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1};
        return Models.order(
                all.getFirst(), Models.members(all.subList(1, all.size()), weights), rule, state);
    }

    private RuleStage stage() {
        return RuleStage.equal(folder.resolve("stage-" + next++), SEED, MEMBERS);
    }

    private static double[] times(double factor, double[] values) {
        return Arrays.stream(values).map(v -> factor * v).toArray();
    }

    private static void expect(String rule, double[] found, double[] expected, double within) {
        assertThat(Published.distance(found, expected) / Math.sqrt(found.length))
                .as("seed %d, %s", SEED, rule)
                .isLessThan(within);
    }

    private static MergeRule delayed(int merges, double spread) {
        return of(
                new OuterOptimizer.DelayedNesterov(1, 0.5, merges, spread), new Aggregator.Mean());
    }

    private static MergeRule by(Aggregator aggregator) {
        return of(OuterOptimizer.fedAvg(), aggregator);
    }

    private static MergeRule of(OuterOptimizer outer, Aggregator aggregator) {
        return MergeRule.of(outer, aggregator);
    }
}
