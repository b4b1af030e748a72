package dev.tapestry.node.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.evaluation.Metric.Better;
import dev.tapestry.training.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What numbers must come to. */
class SuiteGateTest {

    @TempDir Path directory;

    private static EvaluationResult result(double acc, double over) {
        return new EvaluationResult(
                Digest.of(new byte[0]),
                EvaluationResult.RUNNER,
                Precision.FP32,
                1,
                "plain",
                Optional.empty(),
                List.of(
                        new SuiteResult(
                                "exam",
                                Digest.of(new byte[0]),
                                "CC0-1.0",
                                List.of(
                                        TaskResult.of(
                                                "terms",
                                                "safety",
                                                List.of(
                                                        new Metric(
                                                                "acc",
                                                                acc,
                                                                Optional.of(0.02),
                                                                9,
                                                                Better.HIGHER),
                                                        Metric.plain(
                                                                "over",
                                                                over,
                                                                9,
                                                                Better.LOWER)))))));
    }

    private boolean passes(String gate, EvaluationResult now, EvaluationResult base)
            throws IOException {
        Path file = new Lab(directory).file("gates.yaml", "gates:\n- {" + gate + "}\n");
        return SuiteGates.read(file).gates().getFirst().judge(now, Optional.of(base)).passed();
    }

    @Test
    void bounds_and_comparisons_hold_or_not_in_the_direction_that_is_better() throws IOException {
        EvaluationResult base = result(0.5, 0.1);
        assertThat(passes("task: terms, metric: acc, at-least: 0.5", base, base)).isTrue();
        assertThat(passes("task: terms, metric: acc, at-least: 0.51", base, base)).isFalse();
        assertThat(passes("task: exam/terms, metric: over, at-most: 0.1", base, base)).isTrue();
        assertThat(passes("task: terms, metric: over, at-most: 0.09", base, base)).isFalse();
        String kept = "task: terms, metric: acc, not-worse-than-base-by: 0.02";
        assertThat(passes(kept, result(0.481, 0), base)).isTrue();
        assertThat(passes(kept, result(0.47, 0), base)).isFalse();
        assertThat(passes(kept, result(0.9, 0), base)).isTrue();
        String few = "task: terms, metric: over, not-worse-than-base-by: 0.02";
        assertThat(passes(few, result(0, 0.13), base)).isFalse();
        assertThat(passes(few, result(0, 0), base)).isTrue();
    }

    @Test
    void what_was_not_measured_passes_no_gate_and_a_gate_asks_for_something() throws IOException {
        EvaluationResult base = result(0.5, 0.1);
        assertThat(passes("task: other, metric: acc, at-least: 0", base, base)).isFalse();
        assertThat(passes("task: terms, metric: f1, at-least: 0", base, base)).isFalse();
        Lab.refused(
                "has at-least, at-most or", () -> passes("task: terms, metric: acc", base, base));
        Lab.refused(
                "unknown key 'gates[0].least'",
                () -> passes("task: terms, metric: acc, least: 1", base, base));
    }

    @Test
    void a_comparison_with_what_was_not_measured_does_not_hold() throws IOException {
        EvaluationResult now = result(0.5, 0.1);
        SuiteGate gate = SuiteGate.comparing("terms", "acc", 0.02);
        SuiteGate.Outcome alone = gate.judge(now, Optional.empty());
        assertThat(alone.passed()).isFalse();
        assertThat(alone.words()).contains("the base's was not measured; name it with --against");
        EvaluationResult skipped =
                new EvaluationResult(
                        now.model(),
                        now.runner(),
                        now.precision(),
                        1,
                        "plain",
                        Optional.empty(),
                        List.of());
        assertThat(gate.judge(now, Optional.of(skipped)).words())
                .endsWith("the base's was not measured");
        assertThat(passes("task: terms, metric: acc, at-least: 0.5", now, skipped)).isTrue();
    }

    @Test
    void a_difference_is_clear_where_chance_does_not_explain_it() {
        List<Change> small = Change.between(result(0.52, 0.1), Optional.of(result(0.5, 0.1)));
        assertThat(small).extracting(Change::verdict).containsOnly(Change.Verdict.UNCLEAR);
        List<Change> large = Change.between(result(0.4, 0.05), Optional.of(result(0.5, 0.1)));
        assertThat(large)
                .extracting(Change::verdict)
                .as("the second has no error, and may be chance")
                .containsExactly(Change.Verdict.WORSE, Change.Verdict.UNCLEAR);
        assertThat(Change.between(result(1, 1), Optional.empty()))
                .extracting(Change::verdict)
                .containsOnly(Change.Verdict.ALONE);
    }
}
