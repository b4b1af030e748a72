package dev.tapestry.node.constitution;

import java.util.List;

/** What the guard says of a text. */
public sealed interface Verdict {

    /** No rule acted. */
    record Allowed() implements Verdict {}

    /**
     * Passages were left out.
     *
     * @param text what may be used
     * @param acted which rules, in the order of their ids
     */
    record Redacted(String text, List<Acted> acted) implements Verdict {
        public Redacted {
            acted = List.copyOf(acted);
        }
    }

    /**
     * Nothing of it may be used.
     *
     * @param rule the first that matched
     * @param say the community's words, to be said instead
     */
    record Refused(String rule, String say) implements Verdict {}

    /**
     * A rule that left passages out.
     *
     * @param rule its id
     * @param passages how many
     */
    record Acted(String rule, int passages) {}
}
