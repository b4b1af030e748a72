package dev.tapestry.corpus;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds added tokens in text: the leftmost first, and of several at one place the longest. */
final class AddedTokens {

    private final List<SpecialToken> tokens;
    private final Map<Character, List<SpecialToken>> longestFirst;

    AddedTokens(List<SpecialToken> tokens) {
        this.tokens = tokens.stream().sorted(Comparator.comparingInt(SpecialToken::id)).toList();
        this.longestFirst =
                tokens.stream()
                        .sorted(
                                Comparator.comparingInt(
                                                (SpecialToken token) -> token.content().length())
                                        .reversed())
                        .collect(Collectors.groupingBy(token -> token.content().charAt(0)));
    }

    /** One token in a text, at {@code [from, to)}. */
    record Match(SpecialToken token, int from, int to) {}

    /** The first token at or after {@code from}, or null. */
    @Nullable Match find(String text, int from) {
        if (longestFirst.isEmpty()) {
            return null;
        }
        for (int at = from; at < text.length(); at++) {
            List<SpecialToken> candidates = longestFirst.get(text.charAt(at));
            if (candidates != null) {
                for (SpecialToken token : candidates) {
                    if (text.startsWith(token.content(), at)) {
                        return new Match(token, at, at + token.content().length());
                    }
                }
            }
        }
        return null;
    }

    List<SpecialToken> tokens() {
        return tokens;
    }
}
