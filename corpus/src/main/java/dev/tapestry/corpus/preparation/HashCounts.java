package dev.tapestry.corpus.preparation;

/** Counts 64-bit hashes: open addressing with linear probing, at most half full. */
final class HashCounts {

    private long[] keys;
    private int[] counts;
    private int mask;
    private int size;

    /** Grows beyond so many different hashes. */
    HashCounts(int expected) {
        int capacity = Math.max(8, Integer.highestOneBit(Math.max(1, expected)) << 2);
        keys = new long[capacity];
        counts = new int[capacity];
        mask = capacity - 1;
    }

    /** Counts a hash; how often it was counted by now. */
    int add(long hash) {
        int at = find(hash);
        if (counts[at] == 0 && ++size > keys.length / 2) {
            grow();
            at = find(hash);
        }
        keys[at] = hash;
        return ++counts[at];
    }

    /** Whether a hash was counted. */
    boolean contains(long hash) {
        return counts[find(hash)] != 0;
    }

    /** How many different hashes were counted. */
    int size() {
        return size;
    }

    private int find(long hash) {
        int at = (int) hash & mask;
        while (counts[at] != 0 && keys[at] != hash) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldCounts = counts;
        keys = new long[oldKeys.length * 2];
        counts = new int[oldKeys.length * 2];
        mask = keys.length - 1;
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldCounts[i] != 0) {
                int at = find(oldKeys[i]);
                keys[at] = oldKeys[i];
                counts[at] = oldCounts[i];
            }
        }
    }
}
