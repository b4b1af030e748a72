package dev.tapestry.corpus.preparation;

import java.util.List;

/**
 * What a member's constitution protects, in a text. A pure function for any number of threads: the
 * same text is always answered the same.
 */
@FunctionalInterface
public interface ProtectedText {

    /**
     * Where a protected domain is touched.
     *
     * @param domain its id in the constitution
     * @param start the first UTF-16 unit
     * @param end the one after the last
     */
    record Passage(String domain, int start, int end) {}

    /** Every passage, from left to right. */
    List<Passage> find(String text);

    /** Nothing is protected. */
    static ProtectedText nothing() {
        return _ -> List.of();
    }
}
