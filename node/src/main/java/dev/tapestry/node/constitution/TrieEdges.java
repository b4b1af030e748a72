package dev.tapestry.node.constitution;

import java.util.Arrays;

/** From a node and a symbol to the next node: one table for all nodes, with open addressing. */
final class TrieEdges {

    private static final int NONE = -1;

    private long[] keys = empty(1024);
    private int[] targets = new int[1024];
    private int size;

    private static long[] empty(int capacity) {
        long[] keys = new long[capacity];
        Arrays.fill(keys, NONE);
        return keys;
    }

    /** The node that follows, or −1. */
    int get(int node, int symbol) {
        long key = (long) node << 32 | symbol;
        int mask = keys.length - 1;
        for (int i = slot(key) & mask; ; i = i + 1 & mask) {
            if (keys[i] == key) {
                return targets[i];
            }
            if (keys[i] == NONE) {
                return NONE;
            }
        }
    }

    /** Adds an edge that is not there yet. */
    void put(int node, int symbol, int target) {
        if (++size * 2 > keys.length) {
            grow();
        }
        insert((long) node << 32 | symbol, target);
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldTargets = targets;
        keys = empty(2 * oldKeys.length);
        targets = new int[keys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != NONE) {
                insert(oldKeys[i], oldTargets[i]);
            }
        }
    }

    private void insert(long key, int target) {
        int mask = keys.length - 1;
        int i = slot(key) & mask;
        while (keys[i] != NONE) {
            i = i + 1 & mask;
        }
        keys[i] = key;
        targets[i] = target;
    }

    private static int slot(long key) {
        return (int) ((key * 0x9E3779B97F4A7C15L) >>> 33);
    }
}
