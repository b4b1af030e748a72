package dev.tapestry.aggregation;

import java.util.List;

/** How the updates of one tensor become one Δ. */
sealed interface Combination permits Blend, Combination.Ranked, Senders {

    /**
     * Per coordinate, the mean of what is left of some vectors without the lowest and the highest.
     *
     * @param voters the vectors, each a blend of members
     * @param trimmed how many are left out at each end; fewer than half
     */
    record Ranked(List<Blend> voters, int trimmed) implements Combination {}
}
