package dev.tapestry.corpus.preparation;

/** In which language a text is, for whoever checks what a model writes. Thread-safe. */
public final class TextLanguage {

    private static final double LEAST_CONFIDENCE = 0.9;

    private TextLanguage() {}

    /** Learnt when first asked for. */
    private static final class Known {
        static final Languages ALL = Languages.of(Declaration.byLanguage());
    }

    /** Whether this language can be told from others, by its tag. */
    public static boolean isKnown(String tag) {
        return Known.ALL.knows(tag);
    }

    /** Whether a text is in a language, or may be: what is too short to be told. */
    public static boolean mayBe(String text, String tag) {
        Languages.Guess guess = Known.ALL.guess(text, tag);
        return guess.confidence() < LEAST_CONFIDENCE
                || guess.tag().equals(Languages.UNKNOWN)
                || Languages.same(guess.tag(), tag);
    }
}
