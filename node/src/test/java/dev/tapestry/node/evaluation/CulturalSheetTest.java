package dev.tapestry.node.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.training.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where models lie on the map of values. */
class CulturalSheetTest {

    @TempDir Path directory;

    private EvaluationResult placed(String secular, String first, String second, String third)
            throws IOException {
        Lab lab = new Lab(directory);
        lab.file(
                "suite/items.jsonl",
                "{\"item\":\"god\",\"language\":\"en\",\"introduction\":\"Answer:\",\"wordings\":[\"Which answer is right?\",\"The council?\"],\"options\":[%s,%s,%s]}\n"
                        .formatted(first, second, third));
        return lab.measured(
                lab.model(5),
                lab.suite(
                        "- {type: cultural-map, name: values, items: items.jsonl, weights: {god: {secular: %s, expression: 0.5}}, target: {secular: 0.5, expression: -0.5}, bootstraps: 20}"
                                .formatted(secular)));
    }

    private static Metric of(EvaluationResult result, String metric) {
        return result.metric("values", metric).orElseThrow();
    }

    @Test
    void it_does_not_matter_in_which_place_an_option_is_written() throws IOException {
        String yes = "{\"text\":\"yes\",\"score\":1}";
        String no = "{\"text\":\"never\",\"score\":-0.7}";
        String other = "{\"text\":\"often\",\"score\":0.1}";
        EvaluationResult one = placed("1", yes, no, other);
        EvaluationResult turned = placed("1", no, other, yes);
        double secular = of(one, "secular").value();
        assertThat(of(turned, "secular").value()).isEqualTo(secular, within(1e-9));
        assertThat(secular).isNotCloseTo(0.4 / 3, within(1e-6)).isBetween(-0.7, 1.0);
        assertThat(of(one, "self_expression").value()).isEqualTo(secular, within(1e-12));
        assertThat(of(one, "distance").value())
                .isEqualTo(Math.hypot(secular - 0.5, secular + 0.5), within(1e-12));
        assertThat(of(one, "distance").standardError().orElseThrow()).isPositive();
        assertThat(of(placed("-1", yes, no, other), "secular").value())
                .isEqualTo(-secular, within(1e-12));
    }

    @Test
    void the_suite_that_comes_with_the_program_asks_ten_questions_in_four_languages() {
        EvaluationResult result =
                new EvaluationRun(
                                Compute.of(1, Precision.FP32),
                                NodeProgress.silent(),
                                new StopSignal(),
                                InstantSource.system())
                        .of(
                                new Lab(directory).model(5),
                                List.of(Suite.open("cultural-map")),
                                1,
                                Optional.empty(),
                                ResultBook.NONE);
        List<Metric> metrics = result.suites().getFirst().tasks().getFirst().metrics();
        assertThat(metrics).filteredOn(m -> m.name().startsWith("item.")).hasSize(10);
        assertThat(metrics)
                .extracting(Metric::name)
                .contains("secular", "self_expression.de", "secular.es", "self_expression.fr");
        assertThat(metrics).allMatch(metric -> Math.abs(metric.value()) <= 1);
        assertThat(of(result, "secular").standardError().orElseThrow()).isPositive();
    }

    @Test
    void a_member_sets_where_its_model_should_be_and_takes_the_questions_as_they_are()
            throws IOException {
        Lab lab = new Lab(directory);
        String task = "- {type: cultural-map, name: values, bootstraps: 2%s}";
        EvaluationResult result =
                lab.measured(
                        lab.model(5),
                        lab.suite(task.formatted(", target: {secular: 0.2, expression: 0.4}")));
        assertThat(of(result, "distance").value())
                .isEqualTo(
                        Math.hypot(
                                of(result, "secular").value() - 0.2,
                                of(result, "self_expression").value() - 0.4),
                        within(1e-12));
        Path half = lab.suite(task.formatted(", items: items.jsonl"));
        Lab.refused("name both, or neither", () -> Suite.open(half));
        Path far = lab.suite(task.formatted(", target: {secular: 2, expression: 0}"));
        Lab.refused("both are from -1 to 1", () -> Suite.open(far));
    }
}
