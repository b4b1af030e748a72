package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;
import java.util.List;

/**
 * That an entry stands at an index of a log (RFC 9162 §2.1.3).
 *
 * @param index of the entry, from 0
 * @param size of the tree that the proof leads to
 * @param hashes from the leaf towards the root
 */
public record InclusionProof(long index, long size, List<Digest> hashes) {

    public InclusionProof {
        hashes = List.copyOf(hashes);
    }

    /** Whether {@code entry} stands at {@code index} of the tree with this root. */
    public boolean proves(byte[] entry, Digest root) {
        return provesLeaf(MerkleTree.leaf(entry), root);
    }

    /** §2.1.3.2, step by step; {@code fn} and {@code sn} are the RFC's names. */
    boolean provesLeaf(Digest leaf, Digest root) {
        if (index < 0 || index >= size) {
            return false;
        }
        long fn = index;
        long sn = size - 1;
        Digest r = leaf;
        for (Digest p : hashes) {
            if (sn == 0) {
                return false;
            }
            if ((fn & 1) == 1 || fn == sn) {
                r = MerkleTree.node(p, r);
                while ((fn & 1) == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                r = MerkleTree.node(r, p);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && r.equals(root);
    }
}
