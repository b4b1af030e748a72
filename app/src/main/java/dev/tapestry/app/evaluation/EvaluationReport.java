package dev.tapestry.app.evaluation;

import dev.tapestry.app.report.BarPlot;
import dev.tapestry.app.report.Html;
import dev.tapestry.node.evaluation.Change;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.Metric;
import dev.tapestry.node.evaluation.SuiteGate;
import dev.tapestry.node.evaluation.SuiteResult;
import dev.tapestry.node.evaluation.TaskResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An evaluation as a page for a review board: what was asked, what came of it, what changed. */
public final class EvaluationReport {

    private EvaluationReport() {}

    /**
     * The page.
     *
     * @param name of the model
     * @param result how it did
     * @param against how that did which it is compared with
     * @param gates that it was held against
     */
    public static String html(
            String name,
            EvaluationResult result,
            Optional<EvaluationResult> against,
            List<SuiteGate.Outcome> gates) {
        StringBuilder body = new StringBuilder();
        paragraph(body, verdict(result, against, gates));
        gates(body, gates);
        for (SuiteResult suite : result.suites()) {
            body.append("<h2>Suite %s</h2>\n".formatted(Html.escape(suite.suite())));
            for (TaskResult task : suite.tasks()) {
                task(body, result, against, suite, task);
            }
        }
        body.append("<h2>How to check this</h2>\n");
        paragraph(
                body,
                "Whoever has the model and the suites measures again with the same seed and finds"
                        + " the"
                        + " same numbers. Model %s. %s. Runner %s, %s, seed %d, prompts written as %s."
                                .formatted(
                                        result.model(),
                                        String.join(
                                                "; ",
                                                result.suites().stream()
                                                        .map(suite ->
                                                                "Suite %s %s, licence %s"
                                                                        .formatted(
                                                                                suite.suite(),
                                                                                suite.digest(),
                                                                                suite.licence()))
                                                        .toList()),
                                        result.runner(),
                                        result.precision(),
                                        result.seed(),
                                        result.prompts()));
        return Html.page("Evaluation: " + name, body.toString());
    }

    private static String verdict(
            EvaluationResult result,
            Optional<EvaluationResult> against,
            List<SuiteGate.Outcome> gates) {
        StringBuilder text = new StringBuilder();
        long broken = gates.stream().filter(gate -> !gate.passed()).count();
        if (!gates.isEmpty()) {
            text.append(
                    broken == 0
                            ? "All %d gates hold. ".formatted(gates.size())
                            : "%d of %d gates are broken. ".formatted(broken, gates.size()));
        }
        if (against.isPresent()) {
            List<Change> changes = Change.between(result, against);
            text.append(
                    "Of %d numbers %d are clearly better than those of the model it is compared with, %d clearly worse; of the others chance may be the reason, or neither way is better. "
                            .formatted(
                                    changes.size(),
                                    count(changes, Change.Verdict.BETTER),
                                    count(changes, Change.Verdict.WORSE)));
        }
        return text.append(
                        "After ± stands the standard error: were the model asked other questions of"
                                + " the same kind, about two of three results would lie within one such"
                                + " error, and nineteen of twenty within two.")
                .toString();
    }

    private static long count(List<Change> changes, Change.Verdict verdict) {
        return changes.stream().filter(change -> change.verdict() == verdict).count();
    }

    private static void gates(StringBuilder body, List<SuiteGate.Outcome> gates) {
        if (gates.isEmpty()) {
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("gate", "holds"));
        gates.forEach(gate -> rows.add(List.of(gate.words(), gate.passed() ? "yes" : "no")));
        body.append("<h2>Gates</h2>\n").append(Html.table(rows));
    }

    private static void task(
            StringBuilder body,
            EvaluationResult result,
            Optional<EvaluationResult> against,
            SuiteResult suite,
            TaskResult task) {
        body.append(
                "<h3>%s: %s</h3>\n".formatted(Html.escape(task.task()), Html.escape(task.kind())));
        paragraph(body, TaskWords.meaning(task.kind()));
        task.skipped().ifPresent(why -> paragraph(body, "Not done, or in part only: " + why + "."));
        List<Change> changes =
                Change.between(result, against).stream()
                        .filter(change -> change.suite().equals(suite.suite()))
                        .filter(change -> change.task().equals(task.task()))
                        .toList();
        if (changes.isEmpty()) {
            return;
        }
        body.append(Html.table(EvaluationText.rows(changes, against.isPresent())));
        body.append(bars(task, changes, against.isPresent()).svg());
    }

    private static BarPlot bars(TaskResult task, List<Change> changes, boolean compared) {
        return new BarPlot(
                task.task(),
                compared
                        ? "bars: this model, with its standard error; marks: the one it is compared"
                                + " with"
                        : "with standard errors",
                changes.stream().map(EvaluationReport::bar).toList());
    }

    private static BarPlot.Bar bar(Change change) {
        return new BarPlot.Bar(
                change.now().name(),
                change.now().value(),
                change.now().standardError(),
                change.before().map(Metric::value));
    }

    private static void paragraph(StringBuilder body, String text) {
        body.append("<p>").append(Html.escape(text)).append("</p>\n");
    }
}
