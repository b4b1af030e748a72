package dev.tapestry.app.study.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.Overlap;
import dev.tapestry.consortium.Pace;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.json.StrictYaml;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SimulationPlanTest {

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"simulation.yaml", "simulation-200.yaml", "simulation-pace.yaml"})
    void the_examples_are_plans(String name) {
        SimulationPlan plan =
                StrictYaml.read(Path.of("../docs/examples").resolve(name), SimulationPlan.class);
        assertThat(plan.variants()).hasSizeGreaterThan(1);
    }

    @Test
    void a_variant_may_have_its_own_steps_and_rounds_and_the_schedule_follows() throws Exception {
        SimulationPlan plan =
                Plans.read(directory, Plans.QUADRATIC + "    steps: 15\n    rounds: 1\n");
        assertThat(plan.run(plan.variants().getFirst()).training().totalTokens()).isEqualTo(15);
        assertThat(plan.run(plan.variants().getLast()).training().steps()).isEqualTo(15);
        assertThat(plan.run(plan.variants().getLast()).rounds()).isEqualTo(1);
        assertThat(plan.run(plan.variants().getLast()).training().totalTokens()).isEqualTo(15);
    }

    @Test
    void a_plan_that_cannot_be_run_is_refused_with_its_key() {
        refused("count: 6", "count: 0", "members: count is 1 to 10000, not 0");
        refused("count: 6", "number: 6", "unknown key 'members.number'; the keys are [count, ");
        refused("  count: 6\n", "", "the key 'members.count' is missing");
        refused("seed: 1", "seed: one", "seed");
        refused("speedSpread: 0.1", "speedSpread: -1", "speedSpread is 0 to 3");
        refused("upMbits: 10", "upMbits: 0", "members.line: upMbits is above 0");
        refused("latencyMillis: 40", "latencyMillis: -1", "latencyMillis is at least 0");
        refused("secondsPerStep: 20", "secondsPerStep: 0", "secondsPerStep is above 0");
        refused(
                "spread: 0.1}",
                "spread: 0.1}\n  absence: {probability: 1, rounds: 1}",
                "members.absence: probability is above 0 and below 1");
        refused("rounds: 3", "rounds: 0", "rounds is at least 1, not 0");
        refused("steps: 5", "steps: 0", "steps is at least 1, not 0");
        refused("quorum: 2", "quorum: 7", "charter.quorum is at most the 6 members, not 7");
        refused("mergeTime: PT5S", "mergeTime: PT-5S", "mergeTime is at least PT0S");
        refused("mergeTime: PT5S", "mergeTime: PT5S\nhurry: true", "unknown key 'hurry'");
        refused("noisy-quadratic", "quadratic", "one of [text, noisy-quadratic]");
        refused("dimensions: 1000", "dimensions: 0", "learning: dimensions is 1 to 10000000");
        refused("noise: 0.1", "noise: -1", "noise is at least 0");
        refused("name: coded", "name: mean", "the name of a variant is its own, not mean");
        refused("name: coded", "name: Coded!", "small letters, digits and hyphens, not 'Coded!'");
        refused("up: int4/1", "up: int9/1", "the variant coded would not work under the charter");
        refused(
                "aggregator: {type: mean}\n    wire",
                "aggregator: {type: krum, byzantine: 1, selected: 1}\n    wire",
                "the variant coded would not work under the charter");
        refused(
                "aggregator: {type: mean}\n    wire",
                "aggregator: {type: norm-preserving}\n    rule: My.java\n    wire",
                "the rule in My.java takes the place of aggregator, clipping and mixing");
    }

    @Test
    void a_variant_may_share_gradients_where_members_train_on_text() throws Exception {
        SimulationPlan plan = Plans.read(directory, Plans.SHARING);

        assertThat(plan.run(plan.variants().getFirst()).gradients()).isEmpty();
        assertThat(plan.run(plan.variants().getLast()).gradients())
                .contains(new CodecName("int8/1"));
        assertThat(new String(CanonicalJson.write(plan), StandardCharsets.UTF_8))
                .containsOnlyOnce("\"gradients\":\"int8/1\"")
                .doesNotContain("\"gradients\":null");
        assertThatThrownBy(() -> Plans.read(directory, Plans.SHARING.replace("int8/1", "int9/1")))
                .isInstanceOf(TrustException.class)
                .hasMessageContaining("the variant shared would not work under the charter");
        refused(
                "wire: {up: int4/1, down: int4/1}",
                "gradients: int8/1",
                "the variant coded shares gradients in int8/1, which a function in the place of text cannot judge, for its steps are plain: leave gradients out");
    }

    @Test
    void a_variant_may_overlap_and_have_a_pace_as_a_run_may() throws Exception {
        SimulationPlan plan =
                Plans.read(
                        directory,
                        Plans.TEXT
                                + "    overlap: {steps: 1}\n    pace: {trainFor: PT1M, leastSteps: 2}\n");

        RunPlan waiting = plan.run(plan.variants().getFirst());
        assertThat(waiting.overlap()).isEmpty();
        assertThat(waiting.pace()).isEmpty();
        RunPlan both = plan.run(plan.variants().getLast());
        assertThat(both.overlap()).contains(new Overlap(1));
        assertThat(both.pace()).contains(new Pace(Duration.ofMinutes(1), 2));
        assertThat(new String(CanonicalJson.write(plan), StandardCharsets.UTF_8))
                .containsOnlyOnce("overlap")
                .containsOnlyOnce("pace");
    }

    @Test
    void an_overlap_or_a_pace_that_cannot_be_played_is_refused() {
        String wire = "wire: {up: int4/1, down: int4/1}";
        refused(wire, "overlap: {steps: 0}", "an overlap has at least 1 step, not 0");
        refused(wire, "overlap: {steps: 5}", "OVERLAP_TOO_LONG");
        refused(
                wire,
                "overlap: {steps: 2}\n    pace: {trainFor: PT1M, leastSteps: 2}",
                "OVERLAP_TOO_LONG");
        refused(wire, "pace: {trainFor: PT0S, leastSteps: 2}", "pace: trainFor is above 0");
        refused(wire, "pace: {trainFor: PT1M, leastSteps: 6}", "PACE_ABOVE_STEPS");
        refused(wire, "pace: {trainFor: PT30M, leastSteps: 2}", "PACE_TOO_SLOW");
        refused(wire, "pace: {leastSteps: 2}", "trainFor");
        assertThatThrownBy(() ->
                        Plans.read(
                                directory,
                                Plans.TEXT.replace("KEPT", "DROPPED")
                                        + "    overlap: {steps: 1}\n"))
                .isInstanceOf(TrustException.class)
                .hasMessageContaining(
                        "the variant coded has an overlap, but with optimizerState: DROPPED nothing is kept from which members could train on: write KEPT");
    }

    private void refused(String good, String bad, String reason) {
        String text = Plans.with(good, bad);
        assertThatThrownBy(() -> Plans.read(directory, text))
                .isInstanceOf(TrustException.class)
                .hasMessageContaining(reason);
    }
}
