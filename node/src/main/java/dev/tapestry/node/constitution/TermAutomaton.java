package dev.tapestry.node.constitution;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds all terms of a list in one passage over a text: a trie whose nodes know the longest of
 * their endings that is a node too. A step costs the same whatever the number of terms. Immutable
 * once built; thread-safe.
 */
final class TermAutomaton {

    /** The node before anything was read. */
    static final int ROOT = 0;

    private static final int NONE = -1;

    private final long[] keys;
    private final int[] targets;
    private final int[] failures;
    private final int[] depths;
    private final boolean[] inner;
    private final int[] found;
    private final int[] foundNext;
    private final int[] shorter;
    private final int[] lengths;
    private final int longest;

    private TermAutomaton(List<Term> terms) {
        List<Map<Integer, Integer>> children = new ArrayList<>();
        List<Integer> depth = new ArrayList<>();
        children.add(new HashMap<>());
        depth.add(0);
        lengths = new int[terms.size()];
        foundNext = new int[terms.size()];
        int[] ends = new int[terms.size()];
        int edges = 0;
        int most = 1;
        for (int term = 0; term < terms.size(); term++) {
            int node = ROOT;
            List<Integer> symbols = terms.get(term).symbols();
            for (int symbol : symbols) {
                Integer next = children.get(node).get(symbol);
                if (next == null) {
                    next = children.size();
                    children.get(node).put(symbol, next);
                    children.add(new HashMap<>());
                    depth.add(depth.get(node) + 1);
                    edges++;
                }
                node = next;
            }
            ends[term] = node;
            lengths[term] = symbols.size();
            most = Math.max(most, symbols.size());
        }
        longest = most;
        int nodes = children.size();
        depths = depth.stream().mapToInt(Integer::intValue).toArray();
        found = new int[nodes];
        Arrays.fill(found, NONE);
        for (int term = terms.size() - 1; term >= 0; term--) {
            foundNext[term] = found[ends[term]];
            found[ends[term]] = term;
        }
        int capacity = Integer.highestOneBit(Math.max(4, edges * 2)) << 1;
        keys = new long[capacity];
        Arrays.fill(keys, NONE);
        targets = new int[capacity];
        inner = new boolean[nodes];
        for (int node = 0; node < nodes; node++) {
            inner[node] = !children.get(node).isEmpty();
            for (Map.Entry<Integer, Integer> child : children.get(node).entrySet()) {
                put(node, child.getKey(), child.getValue());
            }
        }
        failures = new int[nodes];
        shorter = new int[nodes];
        ArrayDeque<Integer> queue = new ArrayDeque<>(children.get(ROOT).values());
        while (!queue.isEmpty()) {
            int node = queue.remove();
            shorter[node] =
                    found[failures[node]] == NONE ? shorter[failures[node]] : failures[node];
            for (Map.Entry<Integer, Integer> child : children.get(node).entrySet()) {
                failures[child.getValue()] = step(failures[node], child.getKey());
                queue.add(child.getValue());
            }
        }
    }

    static TermAutomaton of(List<Term> terms) {
        return new TermAutomaton(terms);
    }

    /** Symbols of the longest term, at least 1. */
    int longest() {
        return longest;
    }

    /** The node after another symbol. */
    int step(int node, int symbol) {
        int at = node;
        while (true) {
            int next = child(at, symbol);
            if (next != NONE) {
                return next;
            }
            if (at == ROOT) {
                return ROOT;
            }
            at = failures[at];
        }
    }

    /** The node, or the longest of its endings from which a longer term may come. */
    int open(int node) {
        int at = node;
        while (!inner[at] && at != ROOT) {
            at = failures[at];
        }
        return at;
    }

    /** How many of the last symbols are the beginning of a term. */
    int depth(int node) {
        return depths[node];
    }

    /** A term that ends with all of this node's symbols, or −1; others are {@link #same}. */
    int found(int node) {
        return found[node];
    }

    /** Another term of the same symbols, or −1. */
    int same(int term) {
        return foundNext[term];
    }

    /** The next shorter ending at which terms end, or the root. */
    int shorter(int node) {
        return shorter[node];
    }

    /** Symbols of a term. */
    int length(int term) {
        return lengths[term];
    }

    private int child(int node, int symbol) {
        long key = (long) node << 32 | symbol;
        int mask = keys.length - 1;
        for (int i = slot(key); ; i++) {
            long there = keys[i & mask];
            if (there == key) {
                return targets[i & mask];
            }
            if (there == NONE) {
                return NONE;
            }
        }
    }

    private void put(int node, int symbol, int target) {
        long key = (long) node << 32 | symbol;
        int mask = keys.length - 1;
        int i = slot(key);
        while (keys[i & mask] != NONE) {
            i++;
        }
        keys[i & mask] = key;
        targets[i & mask] = target;
    }

    private static int slot(long key) {
        long mixed = key * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 33);
    }
}
