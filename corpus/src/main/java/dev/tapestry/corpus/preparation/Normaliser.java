package dev.tapestry.corpus.preparation;

import java.text.Normalizer;
import java.util.Map;

/**
 * One form for what looks the same: Unicode NFC, line ends as LF, no control characters but
 * tabulators, no invisible characters without a meaning (byte order marks, zero-width and other
 * unusual spaces), no spaces at the ends of lines, at most one empty line at a time.
 */
final class Normaliser implements DocumentStep {

    private static final char ZERO_WIDTH_SPACE = '\u200B';
    private static final char SOFT_HYPHEN = '\u00AD';
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private final boolean collapseSpaces;

    Normaliser(Steps.Normalisation settings) {
        this.collapseSpaces = settings.collapseSpaces();
    }

    @Override
    public String name() {
        return "normalisation";
    }

    @Override
    public Outcome apply(Draft draft) {
        Draft normal = draft.withText(normalised(draft.text()));
        if (normal.text().isEmpty()) {
            return Outcome.dropped("empty");
        }
        return normal == draft
                ? Outcome.kept(draft)
                : new Outcome.Kept(normal, Map.of("changed", 1));
    }

    String normalised(String text) {
        String composed = composed(text);
        int length = composed.length();
        char[] out = new char[length];
        int size = 0;
        int newlines = 2; // as if an empty line stood before the text: leading ones go
        boolean space = false;
        boolean other = false;
        for (int i = 0; i < length; i++) {
            char c = composed.charAt(i);
            if (c > ' ' && c < 0x7f) {
                out[size++] = c;
                newlines = 0;
                space = false;
                continue;
            }
            char before = c;
            c = replaced(c, i + 1 < length ? composed.charAt(i + 1) : 0);
            other |= c != before;
            if (c == 0) {
                continue;
            }
            if (c == '\n') {
                while (size > 0 && isSpace(out[size - 1])) {
                    size--;
                }
                if (newlines < 2) {
                    out[size++] = '\n';
                    newlines++;
                }
                space = false;
            } else if (isSpace(c)) {
                if (!(collapseSpaces && space)) {
                    out[size++] = collapseSpaces ? ' ' : c;
                    other |= collapseSpaces && c != ' ';
                }
                space = true;
            } else {
                out[size++] = c;
                newlines = 0;
                space = false;
            }
        }
        while (size > 0 && (isSpace(out[size - 1]) || out[size - 1] == '\n')) {
            size--;
        }
        return size == length && !other ? composed : new String(out, 0, size);
    }

    /** What stands for a character; 0 if nothing does. */
    private static char replaced(char c, char next) {
        return switch (c) {
            case '\n', '\t', ' ' -> c;
            case '\r' -> next == '\n' ? 0 : '\n';
            case '\f', '\u000B', '\u0085', '\u2028', '\u2029' -> '\n';
            case ZERO_WIDTH_SPACE, SOFT_HYPHEN, BYTE_ORDER_MARK, '\u2060', '\uFFFE', '\uFFFF' -> 0;
            default -> {
                if (c < ' ' || (c >= 0x7f && c < 0xa0)) {
                    yield 0;
                }
                yield c >= 0xa0 && Character.getType(c) == Character.SPACE_SEPARATOR ? ' ' : c;
            }
        };
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }

    private static String composed(String text) {
        for (int i = 0; i < text.length(); i++) {
            // Everything below is composed already, and cannot combine with what comes before.
            if (text.charAt(i) >= 0x300) {
                return Normalizer.isNormalized(text, Normalizer.Form.NFC)
                        ? text
                        : Normalizer.normalize(text, Normalizer.Form.NFC);
            }
        }
        return text;
    }
}
