package dev.tapestry.app.study.builds;

import dev.tapestry.app.report.Html;
import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.report.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A study's findings for people. */
final class BuildsText {

    private static final List<String> HEAD =
            List.of(
                    "build",
                    "seeds",
                    "base",
                    "model",
                    "lower loss than the base",
                    "after stage A",
                    "loss on the base's text",
                    "after stage A",
                    "from random weights",
                    "lower loss than that",
                    "rate",
                    "rate, random weights");

    private BuildsText() {}

    static String table(BuildsReport report) {
        return TextTable.of(rows(report));
    }

    static String markdown(BuildsReport report) {
        return TextTable.markdown(rows(report));
    }

    static String html(BuildsReport report) {
        return Html.page(
                "Builds",
                Html.table(rows(report))
                        + report.builds().stream()
                                .flatMap(row -> report.curve(row).stream())
                                .map(LinePlot::svg)
                                .collect(Collectors.joining())
                        + "<p class=\"note\">Run at commits %s.</p>".formatted(report.commits()));
    }

    private static List<List<String>> rows(BuildsReport report) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEAD);
        for (BuildsReport.Row row : report.builds()) {
            rows.add(
                    List.of(
                            row.name(),
                            String.valueOf(row.seeds().size()),
                            "%.4f".formatted(row.base()),
                            "%.4f".formatted(row.own().mean()),
                            percent(row.gain()),
                            percent(row.firstGain()),
                            percent(row.retentionLoss()),
                            percent(row.firstRetentionLoss()),
                            row.scratch().map(s -> "%.4f".formatted(s.mean())).orElse("–"),
                            row.aheadOfScratch().map(BuildsText::percent).orElse("–"),
                            rate(row.rate(), row.rates()),
                            row.scratchRate()
                                    .map(rate -> rate(rate, row.scratchRates()))
                                    .orElse("–")));
        }
        return rows;
    }

    private static String rate(double chosen, List<Double> tried) {
        boolean edge =
                tried.size() > 1 && (chosen == tried.getFirst() || chosen == tried.getLast());
        return chosen + (edge ? " (edge)" : tried.size() == 1 ? " (only)" : "");
    }

    private static String percent(BuildsReport.Spread spread) {
        Optional<String> interval =
                spread.low()
                        .flatMap(low ->
                                spread.high()
                                        .map(high -> " (%+.1f to %+.1f)".formatted(low, high)));
        return "%+.1f %%".formatted(spread.mean()) + interval.orElse("");
    }
}
