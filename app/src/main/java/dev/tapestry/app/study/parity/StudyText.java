package dev.tapestry.app.study.parity;

import dev.tapestry.app.report.Html;
import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.report.TextTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A study's findings for people: a table for the terminal and documents, and a page with a plot.
 */
final class StudyText {

    private static final List<String> HEAD =
            List.of(
                    "arm",
                    "start",
                    "members",
                    "H",
                    "rate",
                    "seeds",
                    "bits per byte",
                    "gap",
                    "gap, 95 % high",
                    "worst member",
                    "fewer bytes",
                    "bytes up per parameter");

    private StudyText() {}

    /** For the terminal. */
    static String table(StudyReport report) {
        return TextTable.of(rows(report));
    }

    /** As Markdown. */
    static String markdown(StudyReport report) {
        return TextTable.markdown(rows(report));
    }

    /** A page with the table and the gaps over the bytes. */
    static String html(StudyReport report) {
        return Html.page(
                "Parity",
                plot(report).svg()
                        + Html.table(rows(report))
                        + "<p class=\"note\">At commit %s.</p>".formatted(report.commit()));
    }

    /** How far the loops are behind, over how many times fewer bytes they move. */
    static LinePlot plot(StudyReport report) {
        List<LinePlot.Line> lines = new ArrayList<>();
        for (Start start : Start.values()) {
            List<LinePlot.Point> points = new ArrayList<>();
            for (StudyReport.Row row : report.arms()) {
                if (row.start() == start
                        && !row.shuffled()
                        && row.gapPercent().isPresent()
                        && row.bytesReduction().isPresent()) {
                    points.add(
                            new LinePlot.Point(
                                    Math.log10(row.bytesReduction().get()),
                                    row.gapPercent().get()));
                }
            }
            points.sort(Comparator.comparingDouble(LinePlot.Point::x));
            lines.add(new LinePlot.Line(start.name().toLowerCase(Locale.ROOT), points, false));
        }
        return new LinePlot(
                "Gap to the best central arm",
                "times fewer bytes than per-step data parallelism, log10",
                "gap in percent",
                lines);
    }

    private static List<List<String>> rows(StudyReport report) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEAD);
        for (StudyReport.Row row : report.arms()) {
            rows.add(
                    List.of(
                            row.name() + (row.shuffled() ? " (shuffled)" : ""),
                            row.start().name().toLowerCase(Locale.ROOT),
                            String.valueOf(row.members()),
                            row.h().map(String::valueOf).orElse("–"),
                            row.settings().recipe().learningRate()
                                    + (row.rateAtTheEdge() ? " (edge)" : ""),
                            String.valueOf(row.seeds().size()),
                            "%.4f".formatted(row.meanBpb()),
                            percent(row.gapPercent()),
                            percent(row.gapCiHighPercent()),
                            percent(row.worstMemberGapPercent()),
                            row.bytesReduction().map("%,.0f"::formatted).orElse("–"),
                            row.bytesUpPerParam().map("%.4f"::formatted).orElse("–")));
        }
        return rows;
    }

    private static String percent(Optional<Double> value) {
        return value.map("%+.2f %%"::formatted).orElse("–");
    }
}
