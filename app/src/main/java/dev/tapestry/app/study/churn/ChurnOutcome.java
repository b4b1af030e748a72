package dev.tapestry.app.study.churn;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one consortium did.
 *
 * @param seed of everything that was left to chance
 * @param bases that were published
 * @param hours from the first round's announcement to the run's end
 * @param fates how many contributions ended how
 * @param staleness of the merged contributions: how many were so many bases behind
 * @param largestWeight of any contribution in any merge
 * @param fastIdle share of its time there that the fastest quarter of the members did nothing
 * @param lapses how often a round went on without a silent member
 */
record ChurnOutcome(
        long seed,
        int bases,
        double hours,
        SortedMap<Fate, Integer> fates,
        SortedMap<Integer, Integer> staleness,
        double largestWeight,
        double fastIdle,
        int lapses) {

    int count(Fate fate) {
        return fates.getOrDefault(fate, 0);
    }

    /** Adds up counts by key. */
    static <K extends Comparable<K>> SortedMap<K, Integer> sum(
            Iterable<SortedMap<K, Integer>> parts) {
        SortedMap<K, Integer> sum = new TreeMap<>();
        for (Map<K, Integer> part : parts) {
            part.forEach((key, count) -> sum.merge(key, count, Integer::sum));
        }
        return sum;
    }
}
