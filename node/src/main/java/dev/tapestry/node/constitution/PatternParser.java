package dev.tapestry.node.constitution;

import java.lang.Character.UnicodeScript;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/**
 * Regular expressions of a constitution, over folded text. There are
 *
 * <pre>
 * a \. é          a character       .              any character
 * [a-z0-9] [^x]   one of these      \d \w \s       a digit, of a word, any number of spaces
 * \p{L} \p{Han}   of a category (L, N, P, S, M) or script
 * (a|b) (?:a|b)   one or the other  a? a{3} a{2,5} so many times
 * \b              an edge of a word
 * </pre>
 *
 * <p>In a text any number of spaces is one; several in a pattern are too, and a space is not
 * counted.
 *
 * <p>A match has at most {@link #LONGEST} characters, so that a stream never waits for more:
 * repetitions without an end are refused, and what needs memory of what was matched (references,
 * looking around) is too.
 */
final class PatternParser {

    /** Characters of the longest match. */
    static final int LONGEST = 200;

    private static final int DEEPEST = 40;
    private static final int LONGEST_TEXT = 500;
    private static final int WIDEST_FOLDED = 2000;
    private static final java.util.regex.Pattern SPACES =
            java.util.regex.Pattern.compile("\\h{2,}");
    private static final Predicate<String> ONLY_SPACE =
            java.util.regex.Pattern.compile("(\\[|\\((\\?:)?)?(\\h|\\\\s|\\\\\\h)[\\])]?")
                    .asMatchPredicate();

    private final int[] text;
    private int at;
    private int depth;

    private PatternParser(String text) {
        this.text = text.codePoints().toArray();
    }

    /**
     * Reads a pattern.
     *
     * @throws IllegalArgumentException with what is wrong, and where
     */
    static Pattern parse(String text) {
        if (text.length() > LONGEST_TEXT) {
            throw new IllegalArgumentException(
                    "a pattern has at most %d characters; write several".formatted(LONGEST_TEXT));
        }
        String plain = Normalizer.normalize(text, Normalizer.Form.NFC);
        PatternParser parser = new PatternParser(SPACES.matcher(plain).replaceAll(" "));
        Pattern pattern = parser.choice();
        if (parser.at < parser.text.length) {
            throw parser.wrong("a ) without its (");
        }
        if (pattern.least() == 0) {
            throw new IllegalArgumentException("it matches nothing at all, which is everywhere");
        }
        if (pattern.most() > LONGEST) {
            throw new IllegalArgumentException(
                    "it may match more than %d characters; write smaller {}".formatted(LONGEST));
        }
        PatternProgram.of(List.of(pattern)); // is it too large?
        return pattern;
    }

    /** A sum that does not run over. */
    static int bounded(int one, int other) {
        return Math.min(LONGEST + 1, one + other);
    }

    private Pattern choice() {
        if (++depth > DEEPEST) {
            throw wrong("more than %d brackets in one another".formatted(DEEPEST));
        }
        List<Pattern> parts = new ArrayList<>();
        parts.add(row());
        while (at < text.length && text[at] == '|') {
            at++;
            parts.add(row());
        }
        depth--;
        return parts.size() == 1 ? parts.getFirst() : new Pattern.Choice(parts);
    }

    private Pattern row() {
        List<Pattern> parts = new ArrayList<>();
        while (at < text.length && text[at] != '|' && text[at] != ')') {
            int from = at;
            Pattern part = atom();
            boolean space = ONLY_SPACE.test(new String(text, from, at - from));
            Pattern repeated = repeated(part);
            if (space && repeated instanceof Pattern.Repeat(_, _, int to) && to > 1) {
                throw wrong("any number of spaces is one; write \\s or \\s?");
            }
            parts.add(repeated);
        }
        return parts.size() == 1 ? parts.getFirst() : new Pattern.Row(parts);
    }

    private Pattern repeated(Pattern part) {
        if (at >= text.length) {
            return part;
        }
        return switch (text[at]) {
            case '?' -> {
                at++;
                yield once(new Pattern.Repeat(part, 0, 1));
            }
            case '*', '+' ->
                    throw wrong(
                            "%c has no end; write {%d,40}, or as many as there may be"
                                    .formatted(text[at], text[at] == '+' ? 1 : 0));
            case '{' -> {
                at++;
                yield once(counted(part));
            }
            default -> part;
        };
    }

    private Pattern.Repeat counted(Pattern part) {
        int from = number();
        int to = from;
        if (peek(',')) {
            at++;
            if (peek('}')) {
                throw wrong("{%d,} has no end; write {%d,40}".formatted(from, from));
            }
            to = number();
        }
        expect('}');
        if (to < from || to == 0) {
            throw wrong("{%d,%d} is no range".formatted(from, to));
        }
        return new Pattern.Repeat(part, from, to);
    }

    /** How often is said once. */
    private Pattern once(Pattern.Repeat repeat) {
        if (at < text.length && "?*+{".indexOf(text[at]) >= 0) {
            throw wrong("two repetitions in a row");
        }
        if (repeat.part().most() == 0) {
            throw wrong("what is repeated matches nothing");
        }
        return repeat;
    }

    private int number() {
        int from = at;
        int value = 0;
        while (at < text.length && text[at] >= '0' && text[at] <= '9') {
            value = Math.min(LONGEST + 1, value * 10 + text[at++] - '0');
        }
        if (at == from) {
            throw wrong("a number is expected");
        }
        return value;
    }

    private Pattern atom() {
        int code = text[at++];
        return switch (code) {
            case '.' -> new Pattern.One(_ -> true);
            case '[' -> new Pattern.One(set());
            case '(' -> group();
            case '\\' -> escaped();
            case '^', '$' -> throw wrong("%c is not used; write \\b".formatted(code));
            case '?', '*', '+', '{' -> throw wrong("%c repeats nothing".formatted(code));
            default -> literal(code);
        };
    }

    private Pattern group() {
        if (peek('?')) {
            at++;
            if (!peek(':')) {
                throw wrong("of the groups with ? there is only (?: )");
            }
            at++;
        }
        Pattern inner = choice();
        expect(')');
        return inner;
    }

    private Pattern escaped() {
        if (at >= text.length) {
            throw wrong("a \\ at the end");
        }
        int code = text[at];
        if (code == 'b') {
            at++;
            return new Pattern.Edge();
        }
        if (code >= '1' && code <= '9') {
            throw wrong("references such as \\%c are not used".formatted(code));
        }
        if (Character.isLetter(code)) {
            return new Pattern.One(category());
        }
        at++;
        return literal(code);
    }

    /** After a backslash: d, w, s or p. */
    private IntPredicate category() {
        int code = text[at++];
        return switch (code) {
            case 'd' -> folded -> folded >= '0' && folded <= '9';
            case 's' -> folded -> folded == ' ';
            case 'w' ->
                    folded ->
                            folded == '_'
                                    || Character.isLetterOrDigit(folded)
                                    || Folding.isMark(folded);
            case 'p' -> property();
            default -> throw wrong("\\%s is not known".formatted(Character.toString(code)));
        };
    }

    private IntPredicate property() {
        expect('{');
        StringBuilder name = new StringBuilder();
        while (at < text.length && text[at] != '}') {
            name.appendCodePoint(text[at++]);
        }
        expect('}');
        return switch (name.toString()) {
            case "L" -> Character::isLetter;
            case "N" -> folded -> general(folded, 9, 11);
            case "P" -> folded -> general(folded, 20, 24) || general(folded, 29, 30);
            case "S" -> folded -> general(folded, 25, 28);
            case "M" -> folded -> general(folded, 6, 8);
            default -> {
                try {
                    UnicodeScript script =
                            UnicodeScript.forName(name.toString().toUpperCase(Locale.ROOT));
                    yield folded -> UnicodeScript.of(folded) == script;
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException(
                            "\\p{%s} is neither a script nor one of L, N, P, S, M".formatted(name),
                            e);
                }
            }
        };
    }

    private static boolean general(int code, int from, int to) {
        int type = Character.getType(code);
        return type >= from && type <= to;
    }

    private static Pattern literal(int code) {
        int[] folded = Folding.of(Character.toString(code));
        List<Pattern> row = new ArrayList<>();
        for (int one : folded) {
            int skeleton = Folding.skeleton(one);
            row.add(new Pattern.One(other -> Folding.skeleton(other) == skeleton));
        }
        return row.size() == 1 ? row.getFirst() : new Pattern.Row(row);
    }

    private IntPredicate set() {
        boolean not = peek('^');
        if (not) {
            at++;
        }
        IntPredicate all = _ -> false;
        boolean empty = true;
        while (at < text.length && text[at] != ']') {
            empty = false;
            int code = text[at++];
            if (code == '[') {
                throw wrong("a [ within [ ]; write \\[");
            }
            if (code == '\\') {
                if (at < text.length && Character.isLetter(text[at])) {
                    all = all.or(category());
                    continue;
                }
                code = escapedInSet();
            }
            int last = code;
            if (peek('-') && at + 1 < text.length && text[at + 1] != ']') {
                at++;
                last = text[at++];
                if (last == '\\') {
                    last = escapedInSet();
                }
                if (last < code) {
                    throw wrong(
                            "%s-%s is no range"
                                    .formatted(Character.toString(code), Character.toString(last)));
                }
            }
            all = all.or(range(code, last));
        }
        expect(']');
        if (empty) {
            throw wrong("[ ] with nothing in it");
        }
        return not ? all.negate() : all;
    }

    private int escapedInSet() {
        if (at >= text.length) {
            throw wrong("a \\ at the end");
        }
        return text[at++];
    }

    /** Members as they are written and as they are folded. */
    private static IntPredicate range(int first, int last) {
        IntPredicate range = code -> code >= first && code <= last;
        if (last - first < WIDEST_FOLDED) {
            BitSet folded = new BitSet();
            for (int code = first; code <= last; code++) {
                int[] one = Folding.of(Character.toString(code));
                if (one.length == 1) {
                    folded.set(one[0]);
                    folded.set(Folding.skeleton(one[0]));
                }
            }
            return code -> folded.get(code) || folded.get(Folding.skeleton(code));
        }
        return range;
    }

    private boolean peek(int code) {
        return at < text.length && text[at] == code;
    }

    private void expect(int code) {
        if (!peek(code)) {
            throw wrong("%c is expected".formatted(code));
        }
        at++;
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException("at character %d: %s".formatted(at + 1, what));
    }
}
