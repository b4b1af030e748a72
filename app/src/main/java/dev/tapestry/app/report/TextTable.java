package dev.tapestry.app.report;

import java.util.List;
import java.util.stream.Collectors;

/** Tables for the terminal and for documents. */
public final class TextTable {

    private TextTable() {}

    /** A table of numbers: first column to the left, the others to the right; a head first. */
    public static String of(List<List<String>> rows) {
        return aligned(rows, 1);
    }

    /** A table of words: all columns to the left; a head first. */
    public static String ofWords(List<List<String>> rows) {
        return aligned(rows, Integer.MAX_VALUE);
    }

    /** A table for a document in Markdown; a head first. */
    public static String markdown(List<List<String>> rows) {
        StringBuilder out = new StringBuilder();
        out.append(line(rows.getFirst()));
        out.append("|---".repeat(rows.getFirst().size())).append("|\n");
        rows.subList(1, rows.size()).forEach(row -> out.append(line(row)));
        return out.toString();
    }

    private static String line(List<String> row) {
        return row.stream().collect(Collectors.joining(" | ", "| ", " |\n"));
    }

    private static String aligned(List<List<String>> rows, int toTheLeft) {
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
                out.append(
                                ("%" + (c < toTheLeft ? "-" : "") + width[c] + "s")
                                        .formatted(row.get(c)))
                        .append("  ");
            }
            out.setLength(out.toString().stripTrailing().length());
            out.append('\n');
        }
        return out.toString();
    }
}
