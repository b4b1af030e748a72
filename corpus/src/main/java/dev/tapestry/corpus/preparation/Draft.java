package dev.tapestry.corpus.preparation;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A document on its way through the steps. Its text never changes; what is derived from the text is
 * computed once, when a step asks. For one thread.
 */
final class Draft {

    private final String text;
    private final Optional<String> group;
    private final String language;
    private @Nullable Words words;
    private int bytes = -1;

    /**
     * A document.
     *
     * @param group as its member marked it
     * @param language of its source, or as identified; {@code und} if nobody knows
     */
    Draft(String text, Optional<String> group, String language) {
        this.text = text;
        this.group = group;
        this.language = language;
    }

    String text() {
        return text;
    }

    Optional<String> group() {
        return group;
    }

    String language() {
        return language;
    }

    Words words() {
        if (words == null) {
            words = Words.of(text);
        }
        return words;
    }

    /** The text's length in UTF-8. */
    int bytes() {
        if (bytes < 0) {
            bytes = utf8Length(text);
        }
        return bytes;
    }

    Draft withText(String other) {
        return other.equals(text) ? this : new Draft(other, group, language);
    }

    Draft withLanguage(String other) {
        if (other.equals(language)) {
            return this;
        }
        Draft draft = new Draft(text, group, other);
        draft.words = words;
        draft.bytes = bytes;
        return draft;
    }

    private static int utf8Length(String text) {
        int length = text.length();
        int bytes = length;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                // Halves of a pair have two bytes each, four together.
                bytes += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return bytes;
    }
}
