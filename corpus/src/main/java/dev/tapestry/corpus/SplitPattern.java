package dev.tapestry.corpus;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The regular expressions by which byte-level tokenizers cut text into words, translated from the
 * Oniguruma dialect of {@code tokenizer.json}.
 *
 * <p>Only constructs that mean the same in both dialects are let through: literals, groups,
 * alternatives, look-ahead, greedy quantifiers, general categories such as {@code \p{L}}, and
 * {@code \s \S \d \r \n \t} with their Unicode meaning. A quantified group is refused unless it is
 * merely optional: it could need exponential time or a deep stack on hostile text.
 */
final class SplitPattern {

    /** Llama 3's pattern; what {@code llama-bpe} means in GGUF files. */
    static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** GPT-2's pattern: what {@code ByteLevel} with {@code use_regex} means. */
    static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    private static final Pattern COMMON_CONSTRUCT =
            Pattern.compile(
                    "\\\\[pP]\\{\\^?(?:L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?)\\}"
                            + "|\\\\[sSdDrnt'/\\-.|+*?()\\[\\]]"
                            + "|\\(\\?(?:i:|:|!|=)|\\((?!\\?)|\\)[*+{](?<group>)|\\)"
                            + "|\\{\\d{1,2}(?:,\\d{0,2})?\\}(?!\\+)"
                            + "|\\[\\^?|\\]|[|?*+]|[^\\\\()\\[\\]{}|?*+.^$&#~]");

    private SplitPattern() {}

    /** Translates a pattern; refused, with the place, when the dialects could disagree about it. */
    static Pattern compile(String pattern) throws UnsupportedPattern {
        Matcher construct = COMMON_CONSTRUCT.matcher(pattern);
        int at = 0;
        while (at < pattern.length()) {
            if (!construct.region(at, pattern.length()).lookingAt()
                    || construct.group("group") != null) {
                throw new UnsupportedPattern(
                        "the construct at '%s' of the pattern '%s'"
                                .formatted(
                                        pattern.substring(at, Math.min(at + 12, pattern.length())),
                                        pattern));
            }
            at = construct.end();
        }
        try {
            return Pattern.compile(
                    pattern.replace("\\p{^", "\\P{"), Pattern.UNICODE_CHARACTER_CLASS);
        } catch (PatternSyntaxException e) {
            throw new UnsupportedPattern(e.getDescription() + " in the pattern '" + pattern + "'");
        }
    }

    /** A pattern that cannot be translated, with the reason. */
    static final class UnsupportedPattern extends Exception {
        private static final long serialVersionUID = 1L;

        UnsupportedPattern(String reason) {
            super(reason);
        }
    }
}
