package dev.tapestry.corpus;

import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * The merges of a byte pair encoding (Sennrich et al. 2016): which two neighbouring tokens become
 * one, and in which order of preference. Immutable once filled.
 */
final class MergeTable {

    private static final long NONE = -1;

    private final long[] pairs;
    private final long[] merges;
    private final int mask;

    /** A table for at most {@code merges} merges, at most half full. */
    MergeTable(int merges) {
        int size = Integer.highestOneBit(Math.max(8, merges)) * 4;
        this.pairs = new long[size];
        this.merges = new long[size];
        this.mask = size - 1;
        Arrays.fill(pairs, NONE);
    }

    /** Adds a merge; false when the pair is there already. */
    boolean add(int left, int right, int rank, int merged) {
        int slot = slot(left, right);
        if (pairs[slot] != NONE) {
            return false;
        }
        pairs[slot] = pair(left, right);
        merges[slot] = ((long) rank << 32) | merged;
        return true;
    }

    /**
     * Merges {@code tokens[0, length)} in place until nothing more can be merged: always the pair
     * of lowest rank, of equal ones the leftmost.
     *
     * @return how many tokens are left at the beginning of {@code tokens}
     */
    int apply(int[] tokens, int length) {
        int[] next = new int[length];
        int[] previous = new int[length];
        PriorityQueue<Long> candidates = new PriorityQueue<>();
        for (int i = 0; i < length; i++) {
            previous[i] = i - 1;
            next[i] = i + 1;
            propose(candidates, tokens, i, i + 1, length);
        }
        while (!candidates.isEmpty()) {
            long candidate = candidates.poll();
            int at = (int) candidate;
            int right = next[at];
            if (tokens[at] < 0 || right >= length) {
                continue;
            }
            long merge = find(tokens[at], tokens[right]);
            if (merge == NONE || merge >>> 32 != candidate >>> 32) {
                continue;
            }
            tokens[at] = (int) merge;
            tokens[right] = -1;
            next[at] = next[right];
            if (next[at] < length) {
                previous[next[at]] = at;
            }
            propose(candidates, tokens, at, next[at], length);
            propose(candidates, tokens, previous[at], at, length);
        }
        int kept = 0;
        for (int i = 0; i < length; i = next[i]) {
            tokens[kept++] = tokens[i];
        }
        return kept;
    }

    private void propose(
            PriorityQueue<Long> candidates, int[] tokens, int left, int right, int length) {
        if (left >= 0 && right < length) {
            long merge = find(tokens[left], tokens[right]);
            if (merge != NONE) {
                candidates.add((merge & 0xffff_ffff_0000_0000L) | left);
            }
        }
    }

    private long find(int left, int right) {
        int slot = slot(left, right);
        return pairs[slot] == NONE ? NONE : merges[slot];
    }

    private int slot(int left, int right) {
        long pair = pair(left, right);
        long hash = pair * 0x9e37_79b9_7f4a_7c15L;
        int slot = (int) (hash >>> 32) & mask;
        while (pairs[slot] != NONE && pairs[slot] != pair) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private static long pair(int left, int right) {
        return ((long) left << 32) | right;
    }
}
