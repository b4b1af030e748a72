package dev.tapestry.corpus;

import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts text into the words inside which bytes are merged.
 *
 * @param splits applied one after the other, each to the pieces of the one before; what a pattern
 *     matches is a piece, and what lies between two matches is a piece too ({@code Isolated})
 */
record PreTokenizer(List<Pattern> splits) {

    PreTokenizer {
        splits = List.copyOf(splits);
    }

    /** Llama 3's: what {@link BytePairTrainer} uses. */
    static PreTokenizer llama3() {
        try {
            return new PreTokenizer(List.of(SplitPattern.compile(SplitPattern.LLAMA3)));
        } catch (SplitPattern.UnsupportedPattern e) {
            throw new IllegalStateException("our own pattern can be compiled", e);
        }
    }

    /**
     * Gives the pieces of {@code text} to {@code words}, from left to right; together they are it.
     */
    void split(String text, Consumer<String> words) {
        split(text, 0, words);
    }

    private void split(String text, int stage, Consumer<String> words) {
        if (text.isEmpty()) {
            return;
        }
        if (stage == splits.size()) {
            words.accept(text);
            return;
        }
        Matcher matcher = splits.get(stage).matcher(text);
        int from = 0;
        while (matcher.find()) {
            if (matcher.end() > matcher.start()) {
                split(text.substring(from, matcher.start()), stage + 1, words);
                split(matcher.group(), stage + 1, words);
                from = matcher.end();
            }
        }
        split(text.substring(from), stage + 1, words);
    }
}
