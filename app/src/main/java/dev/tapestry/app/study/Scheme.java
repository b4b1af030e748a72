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
     * @param steps local steps between two merges of the same weights (H), at least 1
     * @param merge how contributions move the base
     * @param streaming whether fragments are merged in turn while training goes on
     */
    record Rounds(int steps, MergeRule merge, Optional<Streaming> streaming) {
        public Rounds {
            if (steps < 1) {
                throw new IllegalArgumentException(
                        "a round has at least 1 local step, not " + steps);
            }
            int fragments = streaming.map(Streaming::fragments).orElse(1);
            int overlap = streaming.map(Streaming::overlap).orElse(0);
            if (steps % fragments != 0 || overlap > steps / fragments) {
                throw new IllegalArgumentException(
                        "%d steps are no multiple of %d fragments, or leave no room for %d steps of overlap"
                                .formatted(steps, fragments, overlap));
            }
        }

        int fragments() {
            return streaming.map(Streaming::fragments).orElse(1);
        }

        int overlap() {
            return streaming.map(Streaming::overlap).orElse(0);
        }
    }

    /**
     * Streaming DiLoCo (arXiv 2501.18512): every H ÷ fragments steps another part of the model is
     * merged, and members go on training while it travels.
     *
     * @param fragments parts of the model (P), at least 1
     * @param overlap steps between the contribution and the arrival of what it became (τ)
     */
    record Streaming(int fragments, int overlap) {
        public Streaming {
            if (fragments < 1 || overlap < 0) {
                throw new IllegalArgumentException(
                        "streaming has at least 1 fragment and 0 steps of overlap, not %d and %d"
                                .formatted(fragments, overlap));
            }
        }
    }
}
