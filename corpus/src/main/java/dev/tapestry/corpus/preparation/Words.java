package dev.tapestry.corpus.preparation;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The words of a text: runs of letters, marks and digits, whatever their case. In scripts that are
 * written without spaces each character is a word.
 *
 * <p>The hash of {@code n} words in a row is had in constant time from prefix sums {@code P(i+1) =
 * P(i)·B + w(i)} modulo 2⁶⁴ (Karp and Rabin 1987), so that steps can look at rows of any length.
 */
final class Words {

    /** The longest row of words whose hash can be asked for. */
    static final int MOST_IN_A_ROW = 64;

    private static final long BASE = 0x9e3779b97f4a7c15L;
    private static final long[] POWERS = powers();

    /** For each UTF-16 unit: 0 separates words, 1 is part of one, 2 is a word by itself. */
    private static final byte[] KIND = new byte[1 << 16];

    /** The unit in lower case. */
    private static final char[] LOWER = new char[1 << 16];

    static {
        for (int c = 0; c < 1 << 16; c++) {
            LOWER[c] = (char) Character.toLowerCase(c);
            KIND[c] = kind((char) c);
        }
    }

    private final int count;
    private final int[] starts;
    private final int[] ends;
    private final long[] hashes;
    private long @Nullable [] prefixes;

    private Words(int count, int[] starts, int[] ends, long[] hashes) {
        this.count = count;
        this.starts = starts;
        this.ends = ends;
        this.hashes = hashes;
    }

    static Words of(String text) {
        int length = text.length();
        int capacity = 16 + length / 5;
        int[] starts = new int[capacity];
        int[] ends = new int[capacity];
        long[] hashes = new long[capacity];
        int count = 0;
        int at = 0;
        while (at < length) {
            char c = text.charAt(at);
            byte kind = KIND[c];
            if (kind == 0) {
                at++;
                continue;
            }
            if (count == capacity) {
                capacity *= 2;
                starts = Arrays.copyOf(starts, capacity);
                ends = Arrays.copyOf(ends, capacity);
                hashes = Arrays.copyOf(hashes, capacity);
            }
            int start = at;
            long hash = (LOWER[c] + 1) * BASE;
            at++;
            if (kind == 1) {
                while (at < length && KIND[text.charAt(at)] == 1) {
                    hash = (hash ^ LOWER[text.charAt(at)]) * 0xff51afd7ed558ccdL;
                    hash ^= hash >>> 29;
                    at++;
                }
            } else if (Character.isHighSurrogate(c) && at < length) {
                hash = (hash ^ text.charAt(at)) * 0xff51afd7ed558ccdL;
                at++;
            }
            starts[count] = start;
            ends[count] = at;
            hashes[count++] = mix(hash);
        }
        return new Words(count, starts, ends, hashes);
    }

    int count() {
        return count;
    }

    int start(int word) {
        return starts[word];
    }

    int end(int word) {
        return ends[word];
    }

    int length(int word) {
        return ends[word] - starts[word];
    }

    long hash(int word) {
        return hashes[word];
    }

    /** The hash of {@code n} words from {@code first} on. */
    long row(int first, int n) {
        long[] sums = prefixes();
        return mix(sums[first + n] - sums[first] * POWERS[n]);
    }

    /** The hash of a single word that stands by itself, as {@link #hash} gives it. */
    static long hashOf(String word) {
        Words words = of(word);
        if (words.count != 1) {
            throw new IllegalArgumentException("'" + word + "' is not one word");
        }
        return words.hashes[0];
    }

    /** What separates words, is part of one, or is one. */
    static byte kindOf(char c) {
        return KIND[c];
    }

    private long[] prefixes() {
        if (prefixes == null) {
            long[] sums = new long[count + 1];
            for (int i = 0; i < count; i++) {
                sums[i + 1] = sums[i] * BASE + hashes[i];
            }
            prefixes = sums;
        }
        return prefixes;
    }

    /** The finaliser of MurmurHash3: every bit of the input changes half of the output's. */
    static long mix(long hash) {
        long mixed = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return mixed ^ (mixed >>> 33);
    }

    private static long[] powers() {
        long[] powers = new long[MOST_IN_A_ROW + 1];
        powers[0] = 1;
        for (int i = 1; i < powers.length; i++) {
            powers[i] = powers[i - 1] * BASE;
        }
        return powers;
    }

    private static byte kind(char c) {
        if (Character.isHighSurrogate(c)) {
            return 2;
        }
        if (Character.isIdeographic(c)) {
            return 2;
        }
        if (!Character.isLetterOrDigit(c)) {
            int type = Character.getType(c);
            boolean mark =
                    type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
            return (byte) (mark ? 1 : 0);
        }
        return switch (Character.UnicodeScript.of(c)) {
            case HAN, HIRAGANA, KATAKANA, THAI, LAO, KHMER, MYANMAR -> 2;
            case UNKNOWN -> 0;
            // Every other script separates its words.
            default -> 1;
        };
    }
}
