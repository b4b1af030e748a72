package dev.tapestry.app.build;

import dev.tapestry.app.report.Html;
import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.report.LinePlot.Line;
import dev.tapestry.app.report.LinePlot.Point;
import dev.tapestry.node.build.MergeResult;
import dev.tapestry.node.build.MergeResult.Kept;
import dev.tapestry.node.build.MergeResult.Part;
import dev.tapestry.node.build.MergeResult.Trial;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** What merging models came to, as a page. */
public final class MergeReport {

    private MergeReport() {}

    /**
     * The page.
     *
     * @param name of the new model
     */
    public static String html(String name, MergeResult result) {
        StringBuilder body = new StringBuilder("<p>");
        body.append(
                Html.escape(
                        result.accepted()
                                .map(trial -> "Merged. " + trial.words() + ".")
                                .orElse("Nothing passed the gate; no model was made.")));
        body.append("</p>\n<h2>The models, each on its own text, bits per byte</h2>\n");
        body.append(Html.table(parts(result)));
        body.append("<h2>What was tried</h2>\n");
        body.append(curve(result).svg());
        body.append(Html.table(tried(result)));
        body.append("<p>Base ").append(result.base()).append(".</p>\n");
        return Html.page("Merge: " + name, body.toString());
    }

    private static List<List<String>> parts(MergeResult result) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("model", "digest", "base", "the model"));
        for (Part part : result.parts()) {
            rows.add(
                    List.of(
                            part.name(),
                            part.model().abbreviated(),
                            bits(part.base().own()),
                            bits(part.own().own())));
        }
        return rows;
    }

    private static List<List<String>> tried(MergeResult result) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("way", "model", "own text", "gain kept", "retained text, change"));
        for (Trial trial : result.tried()) {
            for (Kept kept : trial.kept()) {
                rows.add(
                        List.of(
                                trial.way(),
                                kept.name(),
                                bits(kept.loss().own()),
                                String.format(Locale.ROOT, "%.1f %%", kept.keptPercent()),
                                kept.regressionPercent()
                                        .map(percent ->
                                                String.format(Locale.ROOT, "%+.2f %%", percent))
                                        .orElse("–")));
            }
        }
        return rows;
    }

    /** Over λ, a line for each density: how much is kept of the model of which least is. */
    private static LinePlot curve(MergeResult result) {
        List<Line> lines = new ArrayList<>();
        TreeSet<Double> densities = new TreeSet<>();
        result.tried().forEach(trial -> densities.add(trial.density()));
        for (double density : densities) {
            List<Point> points =
                    result.tried().stream()
                            .filter(trial -> trial.density() == density)
                            .map(trial -> new Point(trial.scale(), trial.leastKeptPercent()))
                            .toList();
            lines.add(new Line("density " + density, points, false));
        }
        return new LinePlot("The model of which least is kept", "λ", "gain kept, %", lines);
    }

    private static String bits(double loss) {
        return String.format(Locale.ROOT, "%.4f", loss);
    }
}
