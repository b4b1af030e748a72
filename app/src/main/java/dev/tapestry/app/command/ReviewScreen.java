package dev.tapestry.app.command;

import dev.tapestry.node.preferences.PreferenceLine;
import dev.tapestry.node.preferences.Review;
import java.io.PrintWriter;

/**
 * A pair on the terminal. What a model said may hold signs that steer terminals: they are shown as
 * question marks.
 */
record ReviewScreen(PrintWriter out) {

    void show(PreferenceLine line, int number, Review.Progress progress) {
        out.println();
        out.println("Pair %d of %d".formatted(number, progress.pairs()));
        for (PreferenceLine.Turn turn : line.prompt()) {
            out.println(turn.role() + ": " + plain(turn.content()));
        }
        out.println("  CHOSEN    (%.1f) %s".formatted(line.scores().chosen(), plain(line.chosen())));
        out.println(
                "  REJECTED  (%.1f) %s"
                        .formatted(line.scores().rejected(), plain(line.rejected())));
        for (String reason : line.reasons()) {
            out.println("  - " + plain(reason));
        }
        out.println("accept (a), edit (e), reject (r), skip (s), quit (q)?");
        out.flush();
    }

    private static String plain(String text) {
        StringBuilder shown = new StringBuilder();
        text.codePoints()
                .map(code -> steers(code) ? '?' : code)
                .forEach(shown::appendCodePoint);
        return shown.toString();
    }

    private static boolean steers(int code) {
        return (code != '\n' && code != '\t' && Character.isISOControl(code))
                || (code >= 0x202A && code <= 0x202E)
                || (code >= 0x2066 && code <= 0x2069);
    }
}
