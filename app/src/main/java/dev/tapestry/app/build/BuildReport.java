package dev.tapestry.app.build;

import dev.tapestry.app.evaluation.EvaluationText;
import dev.tapestry.app.report.Html;
import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.report.LinePlot.Line;
import dev.tapestry.app.report.LinePlot.Point;
import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.build.BuildResult.Done;
import dev.tapestry.node.build.BuildResult.Loss;
import dev.tapestry.node.evaluation.Change;
import dev.tapestry.node.evaluation.EvaluationResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a build came to, as a page for whoever decides about its model. */
public final class BuildReport {

    private BuildReport() {}

    /**
     * The page.
     *
     * @param name of the model
     */
    public static String html(String name, BuildResult result) {
        StringBuilder body = new StringBuilder();
        paragraph(body, verdict(result));
        body.append("<h2>Loss on held-out text, bits per byte</h2>\n");
        body.append(Html.table(losses(result)));
        body.append(overStages(result).svg());
        suites(body, result);
        body.append("<h2>Stages</h2>\n").append(Html.table(stages(result)));
        for (Done stage : result.stages()) {
            body.append(onTheWay(stage).svg());
        }
        paragraph(
                body,
                "The held-out loss on the way is each stage's own: nats per token of text or of"
                        + " answers, or −log σ of how much more the better answer is preferred."
                        + " The model of a stage is the one with the least.");
        for (Done stage : result.stages()) {
            stage.leftOut()
                    .ifPresent(lines ->
                            paragraph(
                                    body,
                                    "%s: %d lines were left out because the model would have learnt to say what the constitution protects, %d because nobody has accepted them."
                                            .formatted(
                                                    stage.title(),
                                                    lines.protectedLines(),
                                                    lines.unreviewed())));
        }
        paragraph(body, "Base " + result.base() + ".");
        return Html.page("Sovereign Build: " + name, body.toString());
    }

    /** Numbers of suites from stage to stage, and the gates. */
    private static void suites(StringBuilder body, BuildResult result) {
        if (result.stages().isEmpty() || result.stages().getLast().suites().isEmpty()) {
            return;
        }
        EvaluationResult last = result.stages().getLast().suites().orElseThrow();
        List<List<String>> rows = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("task", "metric", "base"));
        result.stages().forEach(stage -> head.add(stage.title()));
        head.add("beside the base");
        rows.add(head);
        for (Change change : Change.between(last, result.baseSuites())) {
            String task = change.suite() + "/" + change.task();
            List<String> row = new ArrayList<>(List.of(task, change.now().name()));
            row.add(change.before().map(EvaluationText::number).orElse("–"));
            for (Done stage : result.stages()) {
                row.add(
                        stage.suites()
                                .flatMap(one -> one.metric(task, change.now().name()))
                                .map(EvaluationText::number)
                                .orElse("–"));
            }
            row.add(EvaluationText.words(change.verdict()));
            rows.add(row);
        }
        body.append("<h2>Suites</h2>\n").append(Html.table(rows));
        EvaluationText.skipped(last).forEach(line -> paragraph(body, "Not done: " + line + "."));
        for (Done stage : result.stages()) {
            EvaluationText.gates(stage.gates())
                    .forEach(line -> paragraph(body, stage.title() + ": " + line));
        }
    }

    private static void paragraph(StringBuilder body, String text) {
        body.append("<p>").append(Html.escape(text)).append("</p>\n");
    }

    private static String verdict(BuildResult result) {
        return result.stopped()
                .map(why -> "Stopped: " + why + ". No model was made.")
                .orElseGet(() ->
                        "Loss on the own text %s, on the retained text %s. No gate was broken."
                                .formatted(
                                        percent(-result.gainPercent()),
                                        result.retentionLossPercent()
                                                .map(BuildReport::percent)
                                                .orElse("not measured")));
    }

    private static List<List<String>> losses(BuildResult result) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("model", "own text", "retained text", "own, change", "retained, change"));
        rows.add(row("base", result.before(), result.before()));
        result.stages()
                .forEach(stage -> rows.add(row(stage.title(), stage.after(), result.before())));
        return rows;
    }

    private static List<String> row(String name, Loss loss, Loss before) {
        return List.of(
                name,
                bits(loss.own()),
                loss.retained().map(BuildReport::bits).orElse("–"),
                percent(-loss.gainPercent(before)),
                loss.retentionLossPercent(before).map(BuildReport::percent).orElse("–"));
    }

    private static LinePlot overStages(BuildResult result) {
        List<Point> own = new ArrayList<>();
        List<Point> retained = new ArrayList<>();
        add(own, retained, 0, result.before());
        for (int i = 0; i < result.stages().size(); i++) {
            add(own, retained, i + 1, result.stages().get(i).after());
        }
        return new LinePlot(
                "From stage to stage",
                "stages done",
                "bits per byte",
                List.of(
                        new Line("own text", own, false),
                        new Line("retained text", retained, false)));
    }

    private static void add(List<Point> own, List<Point> retained, int stage, Loss loss) {
        own.add(new Point(stage, loss.own()));
        loss.retained().ifPresent(bits -> retained.add(new Point(stage, bits)));
    }

    private static List<List<String>> stages(BuildResult result) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("stage", "best after, steps", "tokens", "made", "model"));
        for (Done stage : result.stages()) {
            rows.add(
                    List.of(
                            stage.title(),
                            Long.toString(stage.steps()),
                            String.format(Locale.ROOT, "%,d", stage.tokens()),
                            stage.reused() ? "before" : "now",
                            stage.model().abbreviated()));
        }
        return rows;
    }

    private static LinePlot onTheWay(Done stage) {
        List<Point> points =
                stage.scores().stream()
                        .map(score -> new Point(score.step(), score.loss()))
                        .toList();
        return new LinePlot(
                stage.title(), "steps", "held-out loss", List.of(new Line("loss", points, false)));
    }

    private static String bits(double loss) {
        return String.format(Locale.ROOT, "%.4f", loss);
    }

    private static String percent(double percent) {
        return String.format(Locale.ROOT, "%+.2f %%", percent);
    }
}
