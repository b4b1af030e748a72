package dev.tapestry.app.report;

import java.util.List;
import java.util.Optional;

/**
 * Percentages as a table whose cells are the redder the more they are above 0, and the bluer the
 * more they are below.
 *
 * @param title above it
 * @param columns names of the columns
 * @param rows as many values as columns
 * @param full the percentage from which on a cell has its full colour, above 0
 */
public record HeatTable(String title, List<String> columns, List<Row> rows, double full) {

    /** A named row; what is not known is empty. */
    public record Row(String name, List<Optional<Double>> values) {}

    /** For a {@link Html#page}. */
    public String html() {
        StringBuilder out = new StringBuilder();
        out.append("<h2>%s</h2>\n<table>\n<tr><th></th>".formatted(Html.escape(title)));
        columns.forEach(column -> out.append("<th>%s</th>".formatted(Html.escape(column))));
        out.append("</tr>\n");
        for (Row row : rows) {
            out.append("<tr><td>%s</td>".formatted(Html.escape(row.name())));
            row.values().forEach(value -> out.append(value.map(this::cell).orElse("<td>–</td>")));
            out.append("</tr>\n");
        }
        return out.append("</table>\n").toString();
    }

    private String cell(double percent) {
        double depth = Math.min(1, Math.abs(percent) / full) * 0.7;
        String colour = percent > 0 ? "214,69,65" : "52,120,190";
        return "<td style=\"background: rgba(%s,%.2f)\">%+.1f</td>"
                .formatted(colour, depth, percent);
    }
}
