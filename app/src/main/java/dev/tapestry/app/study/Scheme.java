package dev.tapestry.app.study;

import dev.tapestry.consortium.MergeRule;
import java.util.Optional;

/** Who trains in an arm, on whose text. */
public sealed interface Scheme {

    /** Nobody: the start itself. */
    record Untrained() implements Scheme {}

    /**
     * One trainer with all members' text, the consortium's global batch and all its tokens: what a
     * consortium that could pool its data would do.
     *
     * @param outer an outer optimiser around it (SNOO, arXiv 2510.15830): without it a comparison
     *     with an outer optimiser of the consortium flatters the consortium
     */
    record Central(Optional<Rounds> outer) implements Scheme {}

    /** Each member for itself, with its own share of the tokens. */
    record Alone() implements Scheme {}

    /** The Shared-Base Loop. */
    record Loop(Rounds rounds) implements Scheme {}

    /**
     * Rounds of local steps and a merge.
     *
     * @param steps local steps in a round (H), at least 1
     * @param merge how contributions move the base
     */
    record Rounds(int steps, MergeRule merge) {
        public Rounds {
            if (steps < 1) {
                throw new IllegalArgumentException(
                        "a round has at least 1 local step, not " + steps);
            }
        }
    }
}
