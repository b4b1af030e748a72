package dev.tapestry.aggregation;

import java.util.List;

/** How the updates of one tensor become one Δ. */
sealed interface Combination permits Blend, Combination.Ranked, Combination.Senders {

    /**
     * Per coordinate, the mean of what is left of some vectors without the lowest and the highest.
     *
     * @param voters the vectors, each a blend of members
     * @param trimmed how many are left out at each end; fewer than half
     */
    record Ranked(List<Blend> voters, int trimmed) implements Combination {}

    /**
     * Per coordinate, Σ factorₘ Δₘ ÷ Σ weightₘ over the members whose update is not 0 there.
     *
     * @param factors by member; 0 for those that do not count
     * @param weights by member
     */
    record Senders(float[] factors, float[] weights) implements Combination {}
}
