package dev.tapestry.corpus.chat;

import java.util.List;

/**
 * What a file of JSON Lines held.
 *
 * @param values in the order of the lines
 * @param refused lines that were skipped; fewer than the limit allows
 * @param unreviewed lines that nobody has accepted, and that were left out
 */
public record ReadLines<T>(List<T> values, List<RefusedLine> refused, int unreviewed) {

    public ReadLines {
        values = List.copyOf(values);
        refused = List.copyOf(refused);
    }

    /**
     * A line that was skipped.
     *
     * @param line its number, from 1
     * @param reason what is wrong with it
     */
    public record RefusedLine(long line, String reason) {}
}
