package dev.tapestry.app.build;

import dev.tapestry.aggregation.TaskConflict;
import dev.tapestry.app.report.Html;
import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.report.LinePlot.Line;
import dev.tapestry.app.report.LinePlot.Point;
import dev.tapestry.node.build.BuildResult.Loss;
import dev.tapestry.node.build.RebaseResult;
import dev.tapestry.node.build.RebaseResult.Trial;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What moving a model to a newer base came to, as a page. */
public final class RebaseReport {

    private RebaseReport() {}

    /**
     * The page.
     *
     * @param name of the model
     */
    public static String html(String name, RebaseResult result) {
        StringBuilder body = new StringBuilder("<p>");
        body.append(
                Html.escape(
                        result.accepted()
                                .map(trial -> "Moved. " + trial.words() + ".")
                                .orElse("Nothing passed the gate; the model stays as it is.")));
        body.append("</p>\n<h2>Loss on held-out text, bits per byte</h2>\n");
        body.append(Html.table(losses(result)));
        body.append(curve(result).svg());
        body.append("<h2>Where the two changes oppose each other</h2>\n");
        body.append(Html.table(conflicts(result.conflicts())));
        return Html.page("Rebase: " + name, body.toString());
    }

    private static List<List<String>> losses(RebaseResult result) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("model", "tokens", "own text", "retained text", "gain kept"));
        rows.add(row("its base", 0, result.base(), "–"));
        rows.add(row("the model", 0, result.derivative(), "100.0 %"));
        rows.add(row("the newer base", 0, result.newer(), "–"));
        for (Trial trial : result.tried()) {
            rows.add(
                    row(
                            trial.way(),
                            trial.tokens(),
                            trial.loss(),
                            String.format(Locale.ROOT, "%.1f %%", trial.keptPercent())));
        }
        return rows;
    }

    private static List<String> row(String name, long tokens, Loss loss, String kept) {
        return List.of(
                name,
                String.format(Locale.ROOT, "%,d", tokens),
                bits(loss.own()),
                loss.retained().map(RebaseReport::bits).orElse("–"),
                kept);
    }

    /** Over λ, as far as nothing was trained. */
    private static LinePlot curve(RebaseResult result) {
        List<Trial> scaled =
                result.tried().stream()
                        .filter(trial -> trial.scale() > 0 && trial.tokens() == 0)
                        .toList();
        double most = scaled.stream().mapToDouble(Trial::scale).max().orElse(1);
        List<Line> lines = new ArrayList<>();
        lines.add(line("own text", result.newer(), scaled, Loss::own, false));
        lines.add(level("model, own text", result.derivative().own(), most));
        result.newer()
                .retained()
                .ifPresent(bits -> {
                    lines.add(
                            line(
                                    "retained text",
                                    result.newer(),
                                    scaled,
                                    loss -> loss.retained().orElse(bits),
                                    false));
                    lines.add(level("newer base, retained", bits, most));
                });
        return new LinePlot("How much of it is put on top", "λ", "bits per byte", lines);
    }

    private static Line line(
            String name,
            Loss none,
            List<Trial> scaled,
            ToDoubleFunction<Loss> bits,
            boolean dashed) {
        List<Point> points = new ArrayList<>();
        points.add(new Point(0, bits.applyAsDouble(none)));
        scaled.forEach(
                trial -> points.add(new Point(trial.scale(), bits.applyAsDouble(trial.loss()))));
        return new Line(name, points, dashed);
    }

    private static Line level(String name, double bits, double most) {
        return new Line(name, List.of(new Point(0, bits), new Point(most, bits)), true);
    }

    private static List<List<String>> conflicts(List<TaskConflict> conflicts) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(
                List.of(
                        "tensor",
                        "cosine",
                        "opposed",
                        "change of the model",
                        "change of the base"));
        for (TaskConflict conflict : conflicts) {
            rows.add(
                    List.of(
                            conflict.tensor(),
                            String.format(Locale.ROOT, "%+.3f", conflict.cosine()),
                            String.format(Locale.ROOT, "%.0f %%", 100 * conflict.opposed()),
                            String.format(Locale.ROOT, "%.3g", conflict.norms().first()),
                            String.format(Locale.ROOT, "%.3g", conflict.norms().second())));
        }
        return rows;
    }

    private static String bits(double loss) {
        return String.format(Locale.ROOT, "%.4f", loss);
    }
}
