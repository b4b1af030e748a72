package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.Asynchronous;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Clipping;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.LateRule;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.Mixing;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.PlanRules;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Wire;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files that the guides begin with, and what people do to them. */
final class ExampleFilesTest {

    private static final Path EXAMPLES = Path.of("..", "docs", "examples");

    private static final OuterOptimizer PLAIN = new OuterOptimizer.Sgd(1, 0, false);

    @TempDir Path directory;

    @Test
    void what_the_examples_leave_out_can_be_put_in() throws IOException {
        Charter charter =
                read(
                        example("charter.yaml").replace("# late:", "late:").replace("#   ", "  "),
                        Charter.class);
        assertThat(charter.lease()).contains(Duration.ofMinutes(30));
        assertThat(charter.late()).contains(new LateRule(Duration.ofDays(2), 4, 0.5));
        RunPlan plan =
                read(
                        example("run-plan.yaml")
                                .replace("# asynchronous:\n#   buffer", "asynchronous:\n  buffer"),
                        RunPlan.class);
        assertThat(PlanRules.refusal(plan, charter)).isEmpty();
        assertThat(plan.asynchronous()).contains(new Asynchronous(4));
    }

    @Test
    void the_example_of_a_charter_is_one() {
        Charter charter = StrictYaml.read(EXAMPLES.resolve("charter.yaml"), Charter.class);
        assertThat(charter.name()).isEqualTo("Nordic law");
        assertThat(charter.roundDeadline()).isEqualTo(Duration.ofHours(24));
    }

    @Test
    void the_example_of_a_run_plan_is_one_and_its_schedule_ends_with_its_run() {
        RunPlan plan = StrictYaml.read(EXAMPLES.resolve("run-plan.yaml"), RunPlan.class);
        assertThat(plan.training().optimizer()).isEqualTo(LocalTraining.Optimizer.MUON);
        assertThat(plan.training().totalTokens())
                .isEqualTo(plan.rounds() * plan.training().tokensPerRound());
    }

    @Test
    void a_merge_rule_may_have_clipping_and_mixing() throws IOException {
        String plan =
                example("run-plan.yaml")
                        .replace("# mixing: {type: n", "mixing: {type: n")
                        .replace(
                                "aggregator: {type: norm-preserving}",
                                "aggregator: {type: trimmed-mean, byzantine: 1}");
        assertThat(read(plan, RunPlan.class).merge())
                .isEqualTo(
                        MergeRule.of(PLAIN, new Aggregator.TrimmedMean(1))
                                .clipped(new Clipping.MedianNorm())
                                .mixed(new Mixing.NearestNeighbour(1)));
        assertThat(read(example("run-plan.yaml"), RunPlan.class).merge())
                .isEqualTo(
                        MergeRule.of(PLAIN, new Aggregator.NormPreserving())
                                .clipped(new Clipping.MedianNorm()));
    }

    @Test
    void updates_may_travel_coded_in_both_directions_or_in_one() throws IOException {
        String plan = example("run-plan.yaml").replace("up: int4/1", "up: int8/1");
        Optional<CodecName> up = Optional.of(new CodecName("int8/1"));
        Optional<CodecName> down = Optional.of(new CodecName("int4/1"));
        assertThat(read(plan, RunPlan.class).wire()).contains(new Wire(up, down));
        assertThat(read(plan.replace("  up: int8/1\n", ""), RunPlan.class).wire())
                .contains(new Wire(Optional.empty(), down));
        assertThat(read(plan.replaceAll("(?m)^(wire|  up|  down):.*\n", ""), RunPlan.class).wire())
                .isEmpty();
        assertThatThrownBy(() -> read(plan.replace("int4/1", "int4"), RunPlan.class))
                .hasMessageContaining("wire.down: a codec has a name and a version");
    }

    @Test
    void what_is_wrong_within_a_merge_rule_is_named() throws IOException {
        String plan = example("run-plan.yaml");
        assertThatThrownBy(
                        () -> read(plan.replace("{type: norm-p", "{type: norm-q"), RunPlan.class))
                .hasMessageContaining("merge.aggregator.type: one of [mean, norm-preserving,")
                .hasMessageContaining("not \"norm-qreserving\"");
        assertThatThrownBy(() -> read(outer(plan, ", nesterov: false", ""), RunPlan.class))
                .hasMessageContaining("the key 'merge.outer.nesterov' is missing; the keys are [");
        assertThatThrownBy(() -> read(outer(plan, "nesterov", "nestrov"), RunPlan.class))
                .hasMessageContaining("unknown key 'merge.outer.nestrov'; the keys are [");
        assertThatThrownBy(() -> read(outer(plan, "momentum: 0", "momentum: 1"), RunPlan.class))
                .hasMessageContaining("merge.outer: the outer momentum is at least 0 and below 1");
    }

    /** A plan with something else in its outer optimiser. */
    private static String outer(String plan, String good, String bad) {
        String line = "outer: {type: sgd, learningRate: 1, momentum: 0, nesterov: false}";
        assertThat(plan).contains(line);
        return plan.replace(line, line.replace(good, bad));
    }

    @Test
    void an_unknown_key_is_refused_and_the_known_ones_are_listed() throws IOException {
        assertThatThrownBy(
                        () -> read(example("charter.yaml") + "favourite: alpha\n", Charter.class))
                .isInstanceOf(TrustException.class)
                .hasMessageContaining("unknown key 'favourite'")
                .hasMessageContaining("influenceCap, quorum");
    }

    @Test
    void a_missing_key_is_named_together_with_those_beside_it() throws IOException {
        String plan = example("run-plan.yaml").replaceAll("(?m)^  clipNorm.*\n", "");
        assertThatThrownBy(() -> read(plan, RunPlan.class))
                .hasMessageContaining("the key 'training.clipNorm' is missing")
                .hasMessageContaining("weightDecay, clipNorm, seed");
    }

    @Test
    void values_of_the_wrong_kind_or_out_of_range_are_refused_with_their_key() throws IOException {
        String charter = example("charter.yaml");
        assertThatThrownBy(() -> read(charter.replace("PT24H", "1 day"), Charter.class))
                .hasMessageContaining("roundDeadline")
                .hasMessageContaining("1 day");
        assertThatThrownBy(() -> read(charter.replace("EQUAL\n", "FAIR\n"), Charter.class))
                .hasMessageContaining("weighting")
                .hasMessageContaining("TOKENS");
        assertThatThrownBy(() ->
                        read(
                                charter.replace("influenceCap: 0.5", "influenceCap: 0.1"),
                                Charter.class))
                .hasMessageContaining("influence cap of 0.1");
    }

    @Test
    void whatever_is_no_yaml_object_is_refused() {
        for (String text : new String[] {"", "- a\n- b\n", "name: [", "a: 1\na: 2\n", "42"}) {
            assertThatThrownBy(() -> read(text, Charter.class))
                    .as(text)
                    .isInstanceOf(TrustException.class);
        }
        assertThatThrownBy(() -> StrictYaml.read(directory.resolve("none.yaml"), Charter.class))
                .hasMessageContaining("there is no file");
    }

    private <T extends Record> T read(String text, Class<T> type) throws IOException {
        Path file = directory.resolve("document.yaml");
        Files.writeString(file, text);
        return StrictYaml.read(file, type);
    }

    private static String example(String name) throws IOException {
        return Files.readString(EXAMPLES.resolve(name));
    }
}
