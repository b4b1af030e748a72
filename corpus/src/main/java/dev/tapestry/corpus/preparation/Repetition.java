package dev.tapestry.corpus.preparation;

import org.jspecify.annotations.Nullable;

/**
 * How much of a text repeats itself, with the limits of Gopher (Rae et al. 2021, arXiv 2112.11446,
 * table A1).
 *
 * <p>For rows of 2 to 4 words: the share of the text that the most frequent row fills. For rows of
 * 5 to 10: the share that lies in any row which stood before. The second is computed as coverage,
 * which cannot grow with the length of the rows (a repeated row of 6 holds two of 5): where rows of
 * 5 cover less than the lowest limit, the longer ones need not be looked at.
 */
final class Repetition {

    private static final double LINES = 0.30;
    private static final double LINE_CHARACTERS = 0.20;
    private static final double PARAGRAPHS = 0.30;
    private static final double PARAGRAPH_CHARACTERS = 0.20;
    private static final double[] TOP_ROW = {0, 0, 0.20, 0.18, 0.16};
    private static final double[] REPEATED_ROWS = {0, 0, 0, 0, 0, .15, .14, .13, .12, .11, .10};
    private static final int TOP_LONGEST = 4;
    private static final int SHORTEST = 5;
    private static final int LONGEST = 10;

    private Repetition() {}

    /** Which limit a text is beyond; null if none. */
    static @Nullable String reason(String text, Words words) {
        String reason = pieces(text, "\n", "repeated-lines", LINES, LINE_CHARACTERS);
        if (reason == null) {
            reason = pieces(text, "\n\n", "repeated-paragraphs", PARAGRAPHS, PARAGRAPH_CHARACTERS);
        }
        if (reason == null && topRows(text, words)) {
            reason = "frequent-row";
        }
        if (reason == null && repeatedRows(words)) {
            reason = "repeated-rows";
        }
        return reason;
    }

    private static @Nullable String pieces(
            String text, String end, String reason, double most, double mostCharacters) {
        int first = text.indexOf(end);
        if (first < 0) {
            return null;
        }
        HashCounts seen = new HashCounts(16 + text.length() / 40);
        int all = 0;
        int repeated = 0;
        long characters = 0;
        int start = 0;
        while (start < text.length()) {
            int stop = start == 0 ? first : text.indexOf(end, start);
            stop = stop < 0 ? text.length() : stop;
            if (stop > start) {
                all++;
                if (seen.add(hash(text, start, stop)) > 1) {
                    repeated++;
                    characters += stop - start;
                }
            }
            start = stop + end.length();
        }
        // Of two or three pieces one that stands twice says little.
        boolean many = all > 3 && repeated > most * all;
        return many || characters > mostCharacters * text.length() ? reason : null;
    }

    private static long hash(String text, int start, int end) {
        long hash = (long) end - start;
        for (int i = start; i < end; i++) {
            hash = hash * 0x100000001b3L + text.charAt(i);
        }
        return Words.mix(hash);
    }

    private static boolean topRows(String text, Words words) {
        int total = text.length();
        for (int n = 2; n <= TOP_LONGEST; n++) {
            HashCounts counts = new HashCounts(words.count());
            int most = 0;
            int at = 0;
            for (int i = 0; i + n <= words.count(); i++) {
                int count = counts.add(words.row(i, n));
                if (count > most) {
                    most = count;
                    at = i;
                }
            }
            if (most > 1 && (double) most * letters(words, at, n) > TOP_ROW[n] * total) {
                return true;
            }
            // No longer row is more frequent: with some 64 letters it would still be too rare.
            if (most * 64.0 < TOP_ROW[TOP_LONGEST] * total) {
                return false;
            }
        }
        return false;
    }

    private static long letters(Words words, int from, int n) {
        return (long) words.end(from + n - 1) - words.start(from);
    }

    private static boolean repeatedRows(Words words) {
        long total = 0;
        for (int i = 0; i < words.count(); i++) {
            total += words.length(i);
        }
        for (int n = SHORTEST; n <= LONGEST; n++) {
            double share = covered(words, n) / (double) total;
            if (share > REPEATED_ROWS[n]) {
                return true;
            }
            if (share <= REPEATED_ROWS[LONGEST]) {
                return false;
            }
        }
        return false;
    }

    /** The letters of words that lie in a row of {@code n} which stood before. */
    private static long covered(Words words, int n) {
        HashCounts seen = new HashCounts(words.count());
        long letters = 0;
        int next = 0; // the first word not counted yet
        for (int i = 0; i + n <= words.count(); i++) {
            if (seen.add(words.row(i, n)) > 1) {
                for (int word = Math.max(next, i); word < i + n; word++) {
                    letters += words.length(word);
                }
                next = i + n;
            }
        }
        return letters;
    }
}
