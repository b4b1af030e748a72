package dev.tapestry.node.constitution;

import java.util.Arrays;
import java.util.List;

/**
 * Finds all terms of a list in one passage over a text: a trie whose nodes know the longest of
 * their endings that is a node too. A step costs the same whatever the number of terms. Immutable
 * once built; thread-safe.
 */
final class TermAutomaton {

    /** The node before anything was read. */
    static final int ROOT = 0;

    private static final int NONE = -1;

    private final TrieEdges edges;
    private final int[] failures;
    private final int[] depths;
    private final boolean[] inner;
    private final int[] found;
    private final int[] foundNext;
    private final int[] shorter;
    private final int[] lengths;
    private final int longest;

    private TermAutomaton(List<Term> terms) {
        int most = 1 + terms.stream().mapToInt(term -> term.symbols().size()).sum();
        int[] parents = new int[most];
        int[] symbols = new int[most];
        int[] deep = new int[most];
        boolean[] hasChildren = new boolean[most];
        int[] ends = new int[terms.size()];
        lengths = new int[terms.size()];
        edges = new TrieEdges();
        int nodes = 1;
        for (int term = 0; term < terms.size(); term++) {
            int node = ROOT;
            for (int symbol : terms.get(term).symbols()) {
                int next = edges.get(node, symbol);
                if (next == NONE) {
                    next = nodes++;
                    edges.put(node, symbol, next);
                    parents[next] = node;
                    symbols[next] = symbol;
                    deep[next] = deep[node] + 1;
                    hasChildren[node] = true;
                }
                node = next;
            }
            ends[term] = node;
            lengths[term] = terms.get(term).symbols().size();
        }
        longest = Math.max(1, Arrays.stream(lengths).max().orElse(1));
        depths = Arrays.copyOf(deep, nodes);
        inner = Arrays.copyOf(hasChildren, nodes);
        found = new int[nodes];
        foundNext = new int[terms.size()];
        Arrays.fill(found, NONE);
        for (int term = terms.size() - 1; term >= 0; term--) {
            foundNext[term] = found[ends[term]];
            found[ends[term]] = term;
        }
        failures = new int[nodes];
        shorter = new int[nodes];
        for (int node : byDepth()) {
            if (node == ROOT) {
                continue;
            }
            int parent = parents[node];
            failures[node] = parent == ROOT ? ROOT : step(failures[parent], symbols[node]);
            int failure = failures[node];
            shorter[node] = found[failure] == NONE ? shorter[failure] : failure;
        }
    }

    static TermAutomaton of(List<Term> terms) {
        return new TermAutomaton(terms);
    }

    /** All nodes, the shallow ones first. */
    private int[] byDepth() {
        int[] next = new int[longest + 2];
        for (int depth : depths) {
            next[depth + 1]++;
        }
        for (int depth = 1; depth < next.length; depth++) {
            next[depth] += next[depth - 1];
        }
        int[] order = new int[depths.length];
        for (int node = 0; node < depths.length; node++) {
            order[next[depths[node]]++] = node;
        }
        return order;
    }

    /** Symbols of the longest term, at least 1. */
    int longest() {
        return longest;
    }

    /** The node after another symbol. */
    int step(int node, int symbol) {
        int at = node;
        while (true) {
            int next = edges.get(at, symbol);
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
}
