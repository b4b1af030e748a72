package dev.tapestry.corpus.preparation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * Tells in which language a text is, from its letters in rows of two to four, and single ones of
 * scripts that write syllables or words (Cavnar and Trenkle 1994; as naive Bayes: Dunning 1994).
 * For a row {@code r} with the share {@code p(r)} among all languages, counted {@code c} times of
 * {@code N} in a language, the language's score grows by
 *
 * <pre>log ((c + μ·p(r)) / (N + μ)) − log p(r), at least −2</pre>
 *
 * so that a row that no language has says nothing, and a name in another language says little. Rows
 * are hashed into a table with a lane of 16 bits for each language, four in a {@code long}, in
 * which scores are added up. Immutable and thread-safe.
 */
final class Languages {

    /** The tag of a text in nobody knows which language. */
    static final String UNKNOWN = "und";

    private static final int BUCKETS = 1 << 16;
    private static final int LONGEST = 4;

    /** Pseudo-counts of the rows of each length: the longer, the less a text has of all. */
    private static final double[] SMOOTHING = {0, 300, 3000, 10_000, 20_000};

    private static final double SCALE = 12;
    private static final double LEAST = -2;

    /** Lanes hold no negative numbers. */
    private static final int OFFSET = (int) (SCALE * -LEAST);

    private static final int LANES = 4;
    private static final int LANE_BITS = 16;
    private static final int MOST_IN_LANE = 127 + OFFSET;

    /** So many rows fit into a lane. */
    private static final int ROWS = 0xffff / MOST_IN_LANE;

    /** Rows of several lengths in one place say nearly the same. */
    private static final double REDUNDANCY = 4;

    /** Longer texts are judged by so many characters at the beginning, middle and end. */
    private static final int WINDOW = 150;

    private static final int LEAST_LETTERS = 20;
    private static final int LEAST_IDEOGRAPHS = 6;

    /** Tags that stand for the same, or that letters alone do not tell apart. */
    private static final Map<String, String> ONE =
            Map.of("no", "nb", "nn", "nb", "bs", "hr", "sh", "hr", "ms", "id", "fil", "tl");

    private final List<String> tags;
    private final int columns;
    private final long[] table;

    private Languages(List<String> tags, long[] table) {
        this.tags = tags;
        this.columns = columns(tags.size());
        this.table = table;
    }

    /**
     * What a text is in.
     *
     * @param tag {@code und} if the text is too short
     * @param confidence 0 to 1
     */
    record Guess(String tag, double confidence) {}

    /** Learns languages from a text in each. */
    static Languages of(SortedMap<String, String> texts) {
        int languages = texts.size();
        int[][][] counts = new int[languages][LONGEST + 1][];
        List<String> tags = new ArrayList<>(texts.keySet());
        for (int language = 0; language < languages; language++) {
            for (int n = 1; n <= LONGEST; n++) {
                counts[language][n] = new int[BUCKETS];
            }
            int[][] own = counts[language];
            String text = texts.getOrDefault(tags.get(language), "");
            eachRow(text, 0, text.length(), (n, bucket) -> own[n][bucket]++);
        }
        return new Languages(List.copyOf(tags), table(counts, languages));
    }

    private static int columns(int languages) {
        return (languages + LANES - 1) / LANES;
    }

    private static long[] table(int[][][] counts, int languages) {
        int columns = columns(languages);
        long[] table = new long[BUCKETS * columns];
        double[][] totals = new double[languages][LONGEST + 1];
        double[][] shares = new double[LONGEST + 1][BUCKETS];
        for (int n = 1; n <= LONGEST; n++) {
            for (int language = 0; language < languages; language++) {
                totals[language][n] = Math.max(1, Arrays.stream(counts[language][n]).sum());
                for (int bucket = 0; bucket < BUCKETS; bucket++) {
                    // Each language counts as much, however long its text is.
                    shares[n][bucket] +=
                            counts[language][n][bucket] / totals[language][n] / languages;
                }
            }
        }
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            // Rows of different length rarely meet in a bucket; where they do, the likelier counts.
            int n = likeliest(shares, bucket);
            double share = shares[n][bucket];
            for (int language = 0; language < languages; language++) {
                long weight = OFFSET;
                if (share > 0) {
                    double smooth = SMOOTHING[n];
                    double ratio =
                            (counts[language][n][bucket] + smooth * share)
                                    / (totals[language][n] + smooth)
                                    / share;
                    double score = SCALE * Math.max(LEAST, Math.log(ratio));
                    weight += (long) Math.min(MOST_IN_LANE - OFFSET, Math.rint(score));
                }
                table[bucket * columns + language / LANES] |=
                        weight << (language % LANES * LANE_BITS);
            }
        }
        return table;
    }

    private static int likeliest(double[][] shares, int bucket) {
        int best = 1;
        for (int n = 2; n <= LONGEST; n++) {
            best = shares[n][bucket] > shares[best][bucket] ? n : best;
        }
        return best;
    }

    /** The tags that can be told. */
    List<String> tags() {
        return tags;
    }

    /** Whether a language, or one that it is taken for, can be told. */
    boolean knows(String tag) {
        return tags.contains(primary(tag)) || tags.contains(same(tag));
    }

    /** The first part of a tag: {@code pt} of {@code pt-BR}. */
    static String primary(String tag) {
        int end = tag.indexOf('-');
        return end < 0 ? tag : tag.substring(0, end);
    }

    /** Whether two tags are of one language, as far as can be told. */
    static boolean same(String one, String other) {
        return same(one).equals(same(other));
    }

    private static String same(String tag) {
        String primary = primary(tag);
        return ONE.getOrDefault(primary, primary);
    }

    /** In which language a text is; of several that look the same in letters any one. */
    Guess guess(String text) {
        int[] scores = scores(text);
        if (scores.length == 0) {
            return new Guess(UNKNOWN, 0);
        }
        int best = best(scores);
        double sum = 0;
        for (int i = 0; i < scores.length; i++) {
            if (i == best || !same(tags.get(i), tags.get(best))) {
                sum += Math.exp((scores[i] - scores[best]) / SCALE / REDUNDANCY);
            }
        }
        return new Guess(tags.get(best), 1 / sum);
    }

    /**
     * In which language a text is, if it is in one of two: the one that is wanted, or the
     * likeliest.
     */
    Guess guess(String text, String wanted) {
        int[] scores = scores(text);
        if (scores.length == 0) {
            return new Guess(UNKNOWN, 0);
        }
        int best = best(scores);
        int own = Integer.MIN_VALUE;
        for (int i = 0; i < scores.length; i++) {
            if (same(tags.get(i), wanted)) {
                own = Math.max(own, scores[i]);
            }
        }
        double odds = Math.exp(((double) own - scores[best]) / SCALE / REDUNDANCY);
        return new Guess(tags.get(best), 1 / (1 + odds));
    }

    private static int best(int[] scores) {
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        return best;
    }

    /** The score of each language; none if the text is too short. */
    private int[] scores(String text) {
        int[] scores = new int[tags.size()];
        RowSum rows = new RowSum(table, columns, scores);
        int length = text.length();
        if (length <= 3 * WINDOW) {
            eachRow(text, 0, length, rows);
        } else {
            eachRow(text, 0, WINDOW, rows);
            eachRow(text, (length - WINDOW) / 2, (length + WINDOW) / 2, rows);
            eachRow(text, length - WINDOW, length, rows);
        }
        rows.flush();
        boolean brief = rows.letters < LEAST_LETTERS && rows.ideographs < LEAST_IDEOGRAPHS;
        return brief ? new int[0] : scores;
    }

    /** Hears of each row of letters. */
    private interface Rows {
        void row(int n, int bucket);

        default void letter(char c) {}
    }

    private static final class RowSum implements Rows {

        private final long[] table;
        private final int[] scores;
        private final long[] lanes;
        private int inLanes;
        private int letters;
        private int ideographs;

        RowSum(long[] table, int columns, int[] scores) {
            this.table = table;
            this.scores = scores;
            this.lanes = new long[columns];
        }

        @Override
        public void row(int n, int bucket) {
            int from = bucket * lanes.length;
            for (int i = 0; i < lanes.length; i++) {
                lanes[i] += table[from + i];
            }
            if (++inLanes == ROWS) {
                flush();
            }
        }

        /** Takes the lanes' sums to the scores before they overflow. */
        void flush() {
            for (int i = 0; i < scores.length; i++) {
                long lane = lanes[i / LANES] >>> (i % LANES * LANE_BITS);
                scores[i] += (int) (lane & 0xffff);
            }
            Arrays.fill(lanes, 0);
            inLanes = 0;
        }

        @Override
        public void letter(char c) {
            if (isWord(c)) {
                ideographs++;
            } else {
                letters++;
            }
        }
    }

    /** Rows of letters in lower case; what is no letter is one space, also before the first. */
    private static void eachRow(String text, int from, int to, Rows rows) {
        int c1;
        int c2 = 0;
        int c3 = 0;
        int c4 = ' ';
        for (int i = from; i <= to; i++) {
            char c = i < to ? text.charAt(i) : ' ';
            boolean letter = Words.kindOf(c) != 0 && !Character.isDigit(c);
            int next = letter ? Character.toLowerCase(c) : ' ';
            if (next == ' ' && c4 == ' ') {
                continue;
            }
            c1 = c2;
            c2 = c3;
            c3 = c4;
            c4 = next;
            if (letter) {
                rows.letter(c);
                if (isWord(c)) {
                    rows.row(1, bucket(1, 0, 0, 0, c4));
                    if (isHangul(c) || Character.isIdeographic(c)) {
                        // Of thousands the text that was learnt from has only some.
                        rows.row(1, bucket(1, 0, 0, 1, isHangul(c) ? 1 : 2));
                    }
                }
            }
            rows.row(2, bucket(2, 0, 0, c3, c4));
            if (c2 != 0 && c3 != ' ') {
                rows.row(3, bucket(3, 0, c2, c3, c4));
                if (c1 != 0 && c2 != ' ') {
                    rows.row(4, bucket(4, c1, c2, c3, c4));
                }
            }
        }
    }

    private static boolean isWord(char c) {
        return isHangul(c) || Words.kindOf(c) == 2;
    }

    private static boolean isHangul(char c) {
        return c >= '\uAC00' && c <= '\uD7A3';
    }

    private static int bucket(int n, int c1, int c2, int c3, int c4) {
        long row = ((long) c1 << 48) | ((long) c2 << 32) | ((long) c3 << 16) | c4;
        return (int) (Words.mix(row * 31 + n) >>> 48);
    }
}
