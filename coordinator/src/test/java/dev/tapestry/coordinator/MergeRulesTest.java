package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.Clipping;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.Mixing;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.OuterOptimizer.Variant;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Merge rules as the coordinator meets them: in plans, in the log, in rounds. */
class MergeRulesTest {

    @TempDir Path folder;

    static Stream<MergeRule> every_rule_stands_in_a_document_as_the_contract_says() {
        MergeRule mean = MergeRule.fedAvg();
        return Stream.concat(
                Stream.of(
                                new Aggregator.Mean(),
                                new Aggregator.NormPreserving(),
                                new Aggregator.MeanOverSenders(),
                                new Aggregator.CoordinateMedian(),
                                new Aggregator.TrimmedMean(1),
                                new Aggregator.Krum(1, 2),
                                new Aggregator.GeometricMedian(1e-6, 8),
                                new Aggregator.CentredClipping(0.5, 3))
                        .map(aggregator -> MergeRule.of(OuterOptimizer.fedAvg(), aggregator)),
                Stream.of(
                        MergeRule.diLoCo(0.7, 0.9),
                        MergeRule.of(
                                new OuterOptimizer.Adaptive(Variant.YOGI, 0.1, 0.9, 0.99, 1e-3),
                                new Aggregator.Mean()),
                        MergeRule.of(
                                new OuterOptimizer.Measured(1, 0.9, 0.5), new Aggregator.Mean()),
                        MergeRule.of(
                                new OuterOptimizer.DelayedNesterov(0.7, 0.9, 4, 0.25),
                                new Aggregator.Mean()),
                        mean.clipped(new Clipping.MedianNorm()),
                        mean.mixed(new Mixing.Bucketing(2)),
                        mean.mixed(new Mixing.NearestNeighbour(1))));
    }

    @ParameterizedTest
    @MethodSource
    void every_rule_stands_in_a_document_as_the_contract_says(MergeRule rule) {
        byte[] document = CanonicalJson.write(rule);
        assertThat(Contract.published().problems("MergeRule", document)).isEmpty();
        assertThat(CanonicalJson.read(document, MergeRule.class)).isEqualTo(rule);
    }

    @Test
    void the_short_rule_is_short() {
        assertThat(new String(CanonicalJson.write(MergeRule.fedAvg()), StandardCharsets.UTF_8))
                .isEqualTo(
                        "{\"aggregator\":{\"type\":\"mean\"},\"clipping\":null,\"mixing\":null,"
                                + "\"outer\":{\"learningRate\":1,\"momentum\":0,\"nesterov\":false,\"type\":\"sgd\"}}");
    }

    @Test
    void a_run_whose_rule_cannot_work_with_the_quorum_is_refused_and_not_logged() {
        try (Stage stage = new Stage(folder, Stage.charter(2), 2, 2048)) {
            MergeRule median =
                    MergeRule.of(OuterOptimizer.fedAvg(), new Aggregator.CoordinateMedian());
            Answer answer = stage.steward.post("/v1/runs", Stage.plan(1, median));
            assertThat(answer.code()).isEqualTo("PLAN_REFUSED");
            assertThat(answer.text()).contains("MEDIAN_TOO_FEW: the coordinate-wise median needs");
            assertThat(stage.state().run()).isEmpty();
        }
    }

    static Stream<MergeRule> what_a_rule_keeps_goes_through_rounds_and_is_verified() {
        return Stream.of(
                MergeRule.of(
                                new OuterOptimizer.Measured(1, 0.9, 0.5),
                                new Aggregator.CentredClipping(1, 2))
                        .clipped(new Clipping.MedianNorm()),
                MergeRule.of(
                        new OuterOptimizer.DelayedNesterov(1, 0.9, 2, 0.1), new Aggregator.Mean()));
    }

    @ParameterizedTest
    @MethodSource
    void what_a_rule_keeps_goes_through_rounds_and_is_verified(MergeRule rule) {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 3, 2048).withMembers("ada", "bela")) {
            stage.run(3, rule);
            for (int round = 1; round <= 3; round++) {
                int number = round;
                stage.members.forEach(member -> member.takePart(number, member.id.hashCode()));
                stage.members.forEach(member -> member.scoreWell(number));
            }
            stage.member(0).await(3, Phase.PUBLISHED);
            stage.stop();
            for (int round = 1; round <= 3; round++) {
                assertThat(VerifyMerge.of(stage.directory, new RoundNumber(round)))
                        .isInstanceOfSatisfying(
                                Matches.class,
                                matches -> assertThat(matches.statistics().groups()).isNotEmpty());
            }
            stage.resume();
        }
    }

    @Test
    void a_run_by_another_kind_of_rule_begins_without_the_state_that_the_last_one_left() {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            stage.run(1, MergeRule.diLoCo(0.7, 0.9));
            stage.member(0).takePart(1, 5);
            stage.member(0).scoreWell(1);
            stage.member(0).await(1, Phase.PUBLISHED);
            stage.run(1, MergeRule.of(OuterOptimizer.fedYogi(0.001, 1e-3), new Aggregator.Mean()));
            stage.member(0).takePart(2, 6);
            stage.member(0).scoreWell(2);
            stage.member(0).await(2, Phase.PUBLISHED);
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(2)))
                    .isInstanceOf(Matches.class);
        }
    }
}
