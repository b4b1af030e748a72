package dev.tapestry.node.constitution;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The form in which texts are compared: NFKC, without case, with plain digits, spaces, hyphens and
 * quotation marks, and without what cannot be seen (format and control characters such as
 * zero-width spaces and soft hyphens, variation selectors) or is struck through letters. Immutable
 * functions.
 *
 * <p>Cyrillic and Greek letters that look like Latin ones are the same to a term ({@link
 * #skeleton}). Accents count: {@code ano} is not {@code año}. Not undone: digits and signs in the
 * place of letters, letters with spaces between, other spellings.
 */
final class Folding {

    /** A place between two characters that are not both of one word. */
    static final int BOUNDARY = 0x110000;

    /** What a character is to words. */
    enum Kind {
        /** Of a word, in a script that has spaces between words. */
        WORD,
        /** Of a script without spaces between words. */
        UNSPACED,
        /** Of no word. */
        OTHER
    }

    private static final int TABLE = 0x3000;
    private static final int[][] FOLDED = new int[TABLE][];
    private static final Kind[] KINDS = new Kind[TABLE];
    private static final Map<Integer, Integer> LOOKALIKES = new HashMap<>();
    private static final int[] SKELETONS = new int[TABLE];

    static {
        String from = "аеорсухіјѕһԁԛԝνοαιυκτρχγ";
        String to = "aeopcyxijshdqwvoaiuktpxy";
        for (int i = 0; i < from.length(); i++) {
            LOOKALIKES.put((int) from.charAt(i), (int) to.charAt(i));
        }
        // Capitals that look alike where the small letters do not: В, М, Н, Т, К, and the Greek
        // Β, Ε, Ζ, Η, Μ in lower case.
        String small = "вмнткβεζημ";
        String latin = "bmhtkbezhm";
        for (int i = 0; i < small.length(); i++) {
            LOOKALIKES.put((int) small.charAt(i), (int) latin.charAt(i));
        }
        for (int code = 0; code < TABLE; code++) {
            FOLDED[code] = fold(Character.toString(code));
            KINDS[code] = kindOf(code);
            SKELETONS[code] = LOOKALIKES.getOrDefault(code, code);
        }
    }

    private Folding() {}

    /** A base character with the marks that follow it, as folded code points. */
    static int[] of(CharSequence cluster) {
        int first = Character.codePointAt(cluster, 0);
        if (cluster.length() == Character.charCount(first)) {
            if (first < TABLE) {
                return FOLDED[first];
            }
            if ((first >= 0x4E00 && first <= 0x9FFF) || (first >= 0xAC00 && first <= 0xD7A3)) {
                return new int[] {first}; // Han and Hangul: as they are
            }
        }
        return fold(cluster.toString());
    }

    private static int[] fold(String cluster) {
        int[] codes = Normalizer.normalize(cluster, Normalizer.Form.NFKC).codePoints().toArray();
        int[] folded = new int[codes.length * 4];
        int length = 0;
        for (int code : codes) {
            if (isIgnored(code)) {
                continue;
            }
            int plain = plain(code);
            if (plain != code || plain == ' ') {
                folded = grown(folded, length);
                folded[length++] = plain;
                continue;
            }
            // Capitals first: ß becomes ss and the final sigma the other one.
            int[] lower =
                    Normalizer.normalize(
                                    Character.toString(code)
                                            .toUpperCase(Locale.ROOT)
                                            .codePoints()
                                            .map(Character::toLowerCase)
                                            .collect(
                                                    StringBuilder::new,
                                                    StringBuilder::appendCodePoint,
                                                    StringBuilder::append),
                                    Normalizer.Form.NFKC)
                            .codePoints()
                            .toArray();
            for (int one : lower) {
                folded = grown(folded, length);
                folded[length++] = one;
            }
        }
        return Arrays.copyOf(folded, length);
    }

    private static int[] grown(int[] array, int length) {
        return length < array.length ? array : Arrays.copyOf(array, 2 * length + 4);
    }

    private static int plain(int code) {
        if (code == 0x130 || code == 0x131) { // the Turkish i with and without its dot
            return 'i';
        }
        if (isSpace(code)) {
            return ' ';
        }
        return switch (Character.getType(code)) {
            case Character.DECIMAL_DIGIT_NUMBER -> '0' + Character.digit(code, 10);
            case Character.DASH_PUNCTUATION -> '-';
            case Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION -> '\'';
            default -> code == 0x2212 ? '-' : code == 0x2BC ? '\'' : code;
        };
    }

    /** Whether a character waits for marks after it, or is one. */
    static boolean composes(int code) {
        return Character.isLetterOrDigit(code) || isMark(code);
    }

    /** Whether a character belongs to the one before it. */
    static boolean isMark(int code) {
        if (code < 0x300) {
            return false;
        }
        return switch (Character.getType(code)) {
            case Character.NON_SPACING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.ENCLOSING_MARK ->
                    true;
            // Vowels and finals of Hangul, half-width voicing marks of Japanese.
            default -> (code >= 0x1160 && code <= 0x11FF) || code == 0xFF9E || code == 0xFF9F;
        };
    }

    /** Whether a character is nothing that anybody sees. */
    static boolean isIgnored(int code) {
        if (code < 0xAD) {
            return (code < ' ' && !Character.isWhitespace(code))
                    || (code >= 0x7F && code <= 0x9F && code != 0x85);
        }
        return code == 0x34F
                || (code >= 0x334 && code <= 0x338) // strokes through letters
                || (code >= 0x20D0 && code <= 0x20F0)
                || (code >= 0x17B4 && code <= 0x17B5)
                || (code >= 0x180B && code <= 0x180F)
                || code == 0x2065
                || (code >= 0xFFF0 && code <= 0xFFF8)
                || (code >= 0xFE00 && code <= 0xFE0F)
                || (code >= 0xE0000 && code <= 0xE0FFF)
                || code == 0x115F
                || code == 0x1160
                || code == 0x3164
                || code == 0xFFA0
                || Character.getType(code) == Character.FORMAT;
    }

    private static boolean isSpace(int code) {
        return Character.isWhitespace(code) || Character.isSpaceChar(code) || code == 0x85;
    }

    static Kind kind(int folded) {
        return folded < TABLE ? KINDS[folded] : kindOf(folded);
    }

    private static Kind kindOf(int code) {
        if (code != '_' && !Character.isLetterOrDigit(code) && !isMark(code)) {
            return Kind.OTHER;
        }
        return switch (Character.UnicodeScript.of(code)) {
            case HAN,
                    HIRAGANA,
                    KATAKANA,
                    BOPOMOFO,
                    YI,
                    THAI,
                    LAO,
                    KHMER,
                    MYANMAR,
                    TIBETAN,
                    JAVANESE,
                    BALINESE,
                    TAI_THAM,
                    NEW_TAI_LUE,
                    TAI_VIET ->
                    Kind.UNSPACED;
            default -> Kind.WORD;
        };
    }

    /** The same for all folded characters that look alike. */
    static int skeleton(int folded) {
        return folded < TABLE ? SKELETONS[folded] : folded;
    }
}
