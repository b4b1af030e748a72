package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Numbers small enough to check with a pencil; all are exact in fp32. */
final class MergeByHandTest {

    @TempDir Path folder;

    private Models models;

    @BeforeEach
    void open() {
        models = new Models(folder);
    }

    @AfterEach
    void close() {
        models.close();
    }

    @Test
    void federated_averaging_gives_the_weighted_mean() {
        MergeOrder order =
                Models.order(
                        models.vector("base", 1, 2, 3, 4),
                        Models.members(
                                List.of(
                                        models.vector("a", 2, 2, 7, 0),
                                        models.vector("b", 4, -2, 3, 8)),
                                0.25,
                                0.75),
                        MergeRule.fedAvg());
        // 0.25·2 + 0.75·4, 0.25·2 − 0.75·2, …
        assertThat(Models.values(models.merged(order, "next"), "v"))
                .containsExactly(3.5f, -1f, 4f, 6f);
    }

    @Test
    void outer_sgd_goes_twice_as_far_with_twice_the_rate() {
        MergeOrder order =
                Models.order(
                        models.vector("base", 1, 1),
                        Models.members(List.of(models.vector("a", 2, 0.5f)), 1),
                        Models.sgd(2));
        assertThat(Models.values(models.merged(order, "next"), "v")).containsExactly(3f, 0f);
    }

    @Test
    void nesterov_momentum_builds_up_over_two_rounds_as_in_pytorch() {
        MergeRule rule = MergeRule.diLoCo(0.5, 0.5);
        MergeOrder first =
                Models.order(
                        models.vector("base", 8, 0),
                        Models.members(List.of(models.vector("a", 4, 0)), 1),
                        rule);
        MergeOutcome one = Merge.run(first, folder.resolve("one"), 1);
        // Δ = 4; b = 4; θ = 8 − 0.5 (4 + 0.5·4) = 5
        ModelDirectory next = models.open(one.candidate());
        assertThat(Models.values(next, "v")).containsExactly(5f, 0f);
        assertThat(one.statistics().whole().momentum()).isEmpty();

        MergeOrder second =
                Models.order(
                        next,
                        Models.members(List.of(models.vector("a2", 4, 0)), 1),
                        rule,
                        one.state());
        MergeOutcome two = Merge.run(second, folder.resolve("two"), 1);
        // Δ = 1; b = 0.5·4 + 1 = 3; θ = 5 − 0.5 (1 + 0.5·3) = 3.75
        assertThat(Models.values(models.open(two.candidate()), "v")).containsExactly(3.75f, 0f);
        OuterState momentum = two.state().orElseThrow();
        assertThat(momentum.isIntact()).isTrue();
        assertThat(momentum).isEqualTo(OuterState.in(folder.toAbsolutePath(), momentum.digest()));
        assertThat(Models.values(models.open(momentum.directory().resolve("first-moment")), "v"))
                .containsExactly(3f, 0f);
        // b = 4, Δ = 1: c = 4, A = 1 + μ + μ²c
        RoundStatistics.Momentum along = two.statistics().whole().momentum().orElseThrow();
        assertThat(along).isEqualTo(new RoundStatistics.Momentum(1, 4, OptionalDouble.of(2.5), 0));
    }

    @Test
    void norm_preserving_direction_keeps_the_length_of_orthogonal_updates() {
        // Δa = (3, 0), Δb = (0, 4): mean length 3.5, direction (1, 1)/√2
        MergeOrder order =
                Models.order(
                        models.matrix("base", 0, 0),
                        Models.members(
                                List.of(models.matrix("a", -3, 0), models.matrix("b", 0, -4)),
                                0.5,
                                0.5),
                        Models.preserving(1, 0));
        MergeOutcome outcome = Merge.run(order, folder.resolve("next"), 1);
        float[] merged = Models.values(models.open(outcome.candidate()), "m");
        float expected = (float) (-3.5 / Math.sqrt(2));
        assertThat(merged[0]).isCloseTo(expected, within(1e-6f));
        assertThat(merged[1]).isCloseTo(expected, within(1e-6f));
        assertThat(outcome.statistics().aggregateNorm()).isCloseTo(3.5, within(1e-6));
    }

    @Test
    void embeddings_and_vectors_take_the_plain_mean_even_when_norms_are_preserved() {
        List<TensorSpec> specs =
                List.of(
                        TensorSpec.of("lm_head.weight", DType.F32, 1, 2),
                        TensorSpec.of("model.embed_tokens.weight", DType.F32, 1, 2),
                        TensorSpec.of("model.norm.weight", DType.F32, 2));
        Map<String, float[]> zero = allTensors(specs, 0, 0);
        MergeOrder order =
                Models.order(
                        models.write("base", specs, zero),
                        Models.members(
                                List.of(
                                        models.write("a", specs, allTensors(specs, -2, 0)),
                                        models.write("b", specs, allTensors(specs, 0, -4))),
                                0.5,
                                0.5),
                        Models.preserving(1, 0));
        ModelDirectory merged = models.merged(order, "next");
        for (TensorSpec spec : specs) {
            assertThat(Models.values(merged, spec.name())).containsExactly(-1f, -2f);
        }
    }

    @Test
    void a_member_may_contribute_bf16() {
        ModelDirectory half =
                models.write(
                        "a",
                        List.of(TensorSpec.of("v", DType.BF16, 3)),
                        Map.of("v", new float[] {1.5f, -2, 0.25f}));
        MergeOrder order =
                Models.order(
                        models.vector("base", 1, 1, 1),
                        Models.members(List.of(half), 1),
                        MergeRule.fedAvg());
        assertThat(Models.values(models.merged(order, "next"), "v"))
                .containsExactly(1.5f, -2f, 0.25f);
    }

    @Test
    void the_statistics_tell_how_the_members_agree() {
        // Δa = (3, 0), Δb = (0, 4), Δ = (1.5, 2)
        MergeOrder order =
                Models.order(
                        models.vector("base", 0, 0),
                        Models.members(
                                List.of(models.vector("a", -3, 0), models.vector("b", 0, -4)),
                                0.5,
                                0.5),
                        MergeRule.fedAvg());
        RoundStatistics statistics = Merge.run(order, folder.resolve("next"), 1).statistics();
        var b = Objects.requireNonNull(statistics.members().get(new MemberId("b")));
        assertThat(b.weight()).isEqualTo(0.5);
        assertThat(b.norm()).isEqualTo(4);
        assertThat(b.cosineWithAggregate()).isCloseTo(0.8, within(1e-12));
        assertThat(statistics.aggregateNorm()).isEqualTo(2.5);
    }

    @Test
    void the_candidate_brings_the_bases_configuration_and_tokenizer() {
        MergeOrder order =
                Models.order(
                        models.vector("base", 1),
                        Models.members(List.of(models.vector("a", 2)), 1),
                        MergeRule.fedAvg());
        Path next = Merge.run(order, folder.resolve("next"), 1).candidate();
        assertThat(next.resolve("config.json")).hasContent("{}");
        assertThat(next.resolve("tokenizer.json")).hasContent("{\"a\": 1}");
        assertThat(Files.exists(folder.resolve(".next.merging"))).isFalse();
    }

    @Test
    void weights_that_do_not_sum_to_one_are_refused() {
        ModelDirectory base = models.vector("base", 1);
        var members = Models.members(List.of(models.vector("a", 2)), 0.9);
        assertThatThrownBy(() -> Models.order(base, members, MergeRule.fedAvg()))
                .isInstanceOf(AggregationException.class)
                .hasMessageContaining("sum to 0.9, not to 1");
    }

    @Test
    void a_contribution_of_another_shape_leaves_nothing_behind() {
        MergeOrder order =
                Models.order(
                        models.vector("base", 1, 2),
                        Models.members(List.of(models.vector("a", 2)), 1),
                        MergeRule.fedAvg());
        assertThatThrownBy(() -> Merge.run(order, folder.resolve("next"), 1))
                .hasMessageContaining("the contribution of a does not fit the base")
                .hasMessageContaining("[1]; the base has [2]");
        assertThat(folder.resolve("next")).doesNotExist();
    }

    @Test
    void a_rule_without_momentum_refuses_to_read_one() {
        ModelDirectory base = models.vector("base", 1);
        var members = Models.members(List.of(models.vector("a", 2)), 1);
        OuterState momentum =
                OuterState.in(folder, dev.tapestry.consortium.Digest.of(new byte[] {1}));
        assertThatThrownBy(() ->
                        Models.order(base, members, MergeRule.fedAvg(), Optional.of(momentum)))
                .hasMessageContaining("leave it out");
    }

    private static Map<String, float[]> allTensors(List<TensorSpec> specs, float... values) {
        return specs.stream()
                .collect(java.util.stream.Collectors.toMap(TensorSpec::name, _ -> values));
    }
}
