package dev.tapestry.app.evaluation;

import dev.tapestry.app.report.TextTable;
import dev.tapestry.node.evaluation.Change;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.Metric;
import dev.tapestry.node.evaluation.SuiteGate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What an evaluation came to, in lines and tables. */
public final class EvaluationText {

    private EvaluationText() {}

    /** A table for the terminal. */
    public static String table(EvaluationResult result, Optional<EvaluationResult> against) {
        return TextTable.ofWords(rows(Change.between(result, against), against.isPresent()));
    }

    /** Tasks that were not done, and why; a line each. */
    public static List<String> skipped(EvaluationResult result) {
        return result.suites().stream()
                .flatMap(suite ->
                        suite.tasks().stream()
                                .flatMap(task ->
                                        task
                                                .skipped()
                                                .map(why ->
                                                        "%s/%s: %s"
                                                                .formatted(
                                                                        suite.suite(),
                                                                        task.task(),
                                                                        why))
                                                .stream()))
                .toList();
    }

    /** A line for each gate. */
    public static List<String> gates(List<SuiteGate.Outcome> gates) {
        return gates.stream()
                .map(gate -> "%s  %s".formatted(gate.passed() ? "passed" : "BROKEN", gate.words()))
                .toList();
    }

    static List<List<String>> rows(List<Change> changes, boolean compared) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(
                compared
                        ? List.of("task", "metric", "value", "compared with", "difference", "says")
                        : List.of("task", "metric", "value", "of"));
        for (Change change : changes) {
            String task = change.suite() + "/" + change.task();
            rows.add(
                    compared
                            ? List.of(
                                    task,
                                    change.now().name(),
                                    number(change.now()),
                                    change.before().map(EvaluationText::number).orElse("–"),
                                    change.difference().map(EvaluationText::signed).orElse("–"),
                                    words(change.verdict()))
                            : List.of(
                                    task,
                                    change.now().name(),
                                    number(change.now()),
                                    Long.toString(change.now().count())));
        }
        return rows;
    }

    /** A value with its standard error. */
    public static String number(Metric metric) {
        return metric.standardError()
                .map(error -> String.format(Locale.ROOT, "%.4f ± %.4f", metric.value(), error))
                .orElseGet(() -> String.format(Locale.ROOT, "%.4f", metric.value()));
    }

    private static String signed(double difference) {
        return String.format(Locale.ROOT, "%+.4f", difference);
    }

    /** A verdict in words. */
    public static String words(Change.Verdict verdict) {
        return switch (verdict) {
            case BETTER -> "better";
            case WORSE -> "worse";
            case UNCLEAR -> "no clear difference";
            case ALONE -> "";
        };
    }
}
