package dev.tapestry.node.constitution;

/**
 * A passage that a rule is about.
 *
 * @param rule its index
 * @param start the first UTF-16 unit in the whole text
 * @param end the one after the last
 * @param language of the term that was found
 */
record Match(int rule, int start, int end, String language) {

    boolean covers(Match other) {
        return rule == other.rule && start <= other.start && end >= other.end;
    }
}
