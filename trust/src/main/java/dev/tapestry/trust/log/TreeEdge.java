package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;
import java.util.ArrayList;
import java.util.List;

/**
 * The right edge of a log's tree: all that somebody who reads the entries one after the other must
 * remember in order to know the root over them (RFC 9162 §2.1.1).
 *
 * @param size the number of entries so far
 * @param subtrees roots of the complete subtrees that the entries fill, from the largest to the
 *     smallest: one for each bit that is set in {@code size}
 */
public record TreeEdge(long size, List<Digest> subtrees) {

    /** Of a log without entries. */
    public static final TreeEdge EMPTY = new TreeEdge(0, List.of());

    public TreeEdge {
        subtrees = List.copyOf(subtrees);
        if (size < 0 || Long.bitCount(size) != subtrees.size()) {
            throw new IllegalArgumentException(
                    "a tree of " + size + " entries does not have " + subtrees.size() + " parts");
        }
    }

    /** The leaf of an entry: its hash in the tree. */
    public static Digest leaf(byte[] entry) {
        return MerkleTree.leaf(entry);
    }

    /** The edge after one more entry. */
    public TreeEdge with(byte[] entry) {
        return withLeaf(MerkleTree.leaf(entry));
    }

    /** The same after an entry of which only the leaf is known. */
    public TreeEdge withLeaf(Digest leaf) {
        List<Digest> parts = new ArrayList<>(subtrees);
        Digest hash = leaf;
        for (long rest = size; (rest & 1) == 1; rest >>= 1) {
            hash = MerkleTree.node(parts.removeLast(), hash);
        }
        parts.add(hash);
        return new TreeEdge(size + 1, parts);
    }

    /** The root over all entries so far. */
    public Digest root() {
        if (subtrees.isEmpty()) {
            return Digest.of(new byte[0]);
        }
        List<Digest> leftwards = subtrees.reversed();
        Digest root = leftwards.getFirst();
        for (Digest left : leftwards.subList(1, leftwards.size())) {
            root = MerkleTree.node(left, root);
        }
        return root;
    }
}
