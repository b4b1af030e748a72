package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;
import java.util.ArrayList;
import java.util.List;

/**
 * That a log only grew between two sizes: its first entries are still the same (RFC 9162 §2.1.4).
 *
 * @param from the earlier size
 * @param to the later size
 * @param hashes in the RFC's order; empty when {@code from} is 0 or equal to {@code to}
 */
public record ConsistencyProof(long from, long to, List<Digest> hashes) {

    public ConsistencyProof {
        hashes = List.copyOf(hashes);
    }

    /**
     * Whether the tree with the root {@code earlier} is the beginning of the one with the other.
     */
    public boolean proves(Digest earlier, Digest later) {
        if (from < 0 || from > to) {
            return false;
        }
        if (from == to) {
            return hashes.isEmpty() && earlier.equals(later);
        }
        if (from == 0) {
            // The RFC asks for from > 0. The empty tree begins every tree, and needs no proof.
            return hashes.isEmpty() && earlier.equals(Digest.of(new byte[0]));
        }
        return provesGrowth(earlier, later);
    }

    /** §2.1.4.2, step by step; the short names are the RFC's. */
    private boolean provesGrowth(Digest earlier, Digest later) {
        if (hashes.isEmpty()) {
            return false;
        }
        List<Digest> path = new ArrayList<>(hashes);
        if (Long.bitCount(from) == 1) {
            path.addFirst(earlier);
        }
        long fn = from - 1;
        long sn = to - 1;
        while ((fn & 1) == 1) {
            fn >>= 1;
            sn >>= 1;
        }
        Digest fr = path.getFirst();
        Digest sr = path.getFirst();
        for (Digest c : path.subList(1, path.size())) {
            if (sn == 0) {
                return false;
            }
            if ((fn & 1) == 1 || fn == sn) {
                fr = MerkleTree.node(c, fr);
                sr = MerkleTree.node(c, sr);
                while ((fn & 1) == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                sr = MerkleTree.node(sr, c);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return fr.equals(earlier) && sr.equals(later) && sn == 0;
    }
}
