package dev.tapestry.app.study.parity;

import dev.tapestry.app.report.Html;
import dev.tapestry.app.report.ScatterPlot;
import dev.tapestry.app.report.TextTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

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
                    "own text, own model",
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
                        + "<p class=\"note\">Run at commits %s.</p>".formatted(report.commit()));
    }

    /**
     * How far the loops are behind, over how many times fewer bytes they move; by the table's
     * numbers.
     */
    static ScatterPlot plot(StudyReport report) {
        SortedMap<String, List<ScatterPlot.Named>> groups =
                new TreeMap<>(Comparator.reverseOrder());
        int number = 0;
        for (StudyReport.Row row : report.arms()) {
            number++;
            if (!row.shuffled()
                    && row.gapPercent().isPresent()
                    && row.bytesReduction().isPresent()) {
                String group =
                        "%s, %,dk"
                                .formatted(
                                        row.start().name().toLowerCase(Locale.ROOT),
                                        row.tokens() / 1_000);
                groups.computeIfAbsent(group, _ -> new ArrayList<>())
                        .add(
                                new ScatterPlot.Named(
                                        String.valueOf(number),
                                        row.bytesReduction().get(),
                                        row.gapPercent().get()));
            }
        }
        return new ScatterPlot(
                "Gap to the best central arm, by start and tokens of each member",
                "times fewer bytes than a gradient in fp32 in every step",
                "percent",
                groups.entrySet().stream()
                        .map(group -> new ScatterPlot.Group(group.getKey(), group.getValue()))
                        .toList());
    }

    private static List<List<String>> rows(StudyReport report) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEAD);
        for (StudyReport.Row row : report.arms()) {
            rows.add(
                    List.of(
                            rows.size() + " " + row.name() + (row.shuffled() ? " (shuffled)" : ""),
                            row.start().name().toLowerCase(Locale.ROOT),
                            String.valueOf(row.members()),
                            row.h().map(String::valueOf).orElse("–"),
                            row.rate() + tried(row),
                            String.valueOf(row.seeds().size()),
                            "%.4f".formatted(row.meanBpb()),
                            row.ownBpb().map("%.4f"::formatted).orElse("–"),
                            percent(row.gapPercent()),
                            percent(row.gapCiHighPercent()),
                            percent(row.worstMemberGapPercent()),
                            row.bytesReduction().map("%,.0f"::formatted).orElse("–"),
                            row.bytesUpPerParam().map("%.4f"::formatted).orElse("–")));
        }
        return rows;
    }

    /** What to know of the rate: a better one may lie beyond, or nobody looked. */
    private static String tried(StudyReport.Row row) {
        if (row.rates().size() == 1) {
            return " (only)";
        }
        return row.rateAtTheEdge() ? " (edge)" : "";
    }

    private static String percent(Optional<Double> value) {
        return value.map("%+.2f %%"::formatted).orElse("–");
    }
}
