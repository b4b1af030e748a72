package dev.tapestry.app.report;

import java.util.List;

/** A table for the terminal: first column to the left, the others to the right. */
public final class TextTable {

    private TextTable() {}

    /** Lines of equal width; the first row is the head. */
    public static String of(List<List<String>> rows) {
        int columns = rows.getFirst().size();
        int[] width = new int[columns];
        for (List<String> row : rows) {
            for (int c = 0; c < columns; c++) {
                width[c] = Math.max(width[c], row.get(c).length());
            }
        }
        StringBuilder out = new StringBuilder();
        for (List<String> row : rows) {
            for (int c = 0; c < columns; c++) {
                out.append(("%" + (c == 0 ? "-" : "") + width[c] + "s").formatted(row.get(c)))
                        .append(c == columns - 1 ? "\n" : "  ");
            }
        }
        return out.toString();
    }
}
