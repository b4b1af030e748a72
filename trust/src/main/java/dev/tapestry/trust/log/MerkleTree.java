package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * The Merkle tree of RFC 9162 §2.1: hashes, roots and proofs.
 *
 * <p>A tree over n entries is split at k, the largest power of two below n. Therefore each left
 * part, and each part of a left part, is a complete subtree whose root never changes again; the
 * functions here ask for those roots only.
 */
final class MerkleTree {

    /** The roots of complete subtrees. */
    @FunctionalInterface
    interface Subtrees {
        /** Root over the entries {@code position << level} to {@code (position + 1) << level}. */
        Digest root(int level, long position);
    }

    private MerkleTree() {}

    /** §2.1.1: the hash of an entry. */
    static Digest leaf(byte[] entry) {
        MessageDigest sha256 = Digest.sha256();
        sha256.update((byte) 0);
        return Digest.ofHash(sha256.digest(entry));
    }

    /** §2.1.1: the hash of an inner node. */
    static Digest node(Digest left, Digest right) {
        MessageDigest sha256 = Digest.sha256();
        sha256.update((byte) 1);
        sha256.update(left.bytes());
        return Digest.ofHash(sha256.digest(right.bytes()));
    }

    /** §2.1.1: MTH(D[0:size]). */
    static Digest root(long size, Subtrees subtrees) {
        return size == 0 ? Digest.of(new byte[0]) : range(0, size, subtrees);
    }

    /** §2.1.3.1: PATH(index, D[0:size]), from the leaf towards the root. */
    static List<Digest> inclusion(long index, long size, Subtrees subtrees) {
        if (index < 0 || index >= size) {
            throw new TrustException(
                    Code.PROOF_IMPOSSIBLE, "there is no entry " + index + " among " + size);
        }
        List<Digest> path = new ArrayList<>();
        path(index, 0, size, subtrees, path);
        return List.copyOf(path);
    }

    /** §2.1.4.1: PROOF(from, D[0:to]); empty when from is 0 or equal to {@code to}. */
    static List<Digest> consistency(long from, long to, Subtrees subtrees) {
        if (from < 0 || from > to) {
            throw new TrustException(
                    Code.PROOF_IMPOSSIBLE, "a tree of " + to + " holds none of " + from);
        }
        List<Digest> path = new ArrayList<>();
        if (from > 0) {
            subproof(from, 0, to, true, subtrees, path);
        }
        return List.copyOf(path);
    }

    private static void path(
            long index, long begin, long end, Subtrees subtrees, List<Digest> path) {
        if (end - begin == 1) {
            return;
        }
        long middle = begin + split(end - begin);
        if (index < middle) {
            path(index, begin, middle, subtrees, path);
            path.add(range(middle, end, subtrees));
        } else {
            path(index, middle, end, subtrees, path);
            path.add(range(begin, middle, subtrees));
        }
    }

    /** SUBPROOF(m, D[begin:end], known): whether the verifier knows the root of D[begin:m]. */
    private static void subproof(
            long m, long begin, long end, boolean known, Subtrees subtrees, List<Digest> path) {
        if (m == end) {
            if (!known) {
                path.add(range(begin, end, subtrees));
            }
            return;
        }
        long middle = begin + split(end - begin);
        if (m <= middle) {
            subproof(m, begin, middle, known, subtrees, path);
            path.add(range(middle, end, subtrees));
        } else {
            subproof(m, middle, end, false, subtrees, path);
            path.add(range(begin, middle, subtrees));
        }
    }

    /** MTH(D[begin:end]); {@code begin} is a multiple of the next power of two of the length. */
    private static Digest range(long begin, long end, Subtrees subtrees) {
        long length = end - begin;
        if (Long.bitCount(length) == 1) {
            int level = Long.numberOfTrailingZeros(length);
            return subtrees.root(level, begin >> level);
        }
        long middle = begin + split(length);
        return node(range(begin, middle, subtrees), range(middle, end, subtrees));
    }

    /** The largest power of two smaller than {@code length}, which is at least 2. */
    private static long split(long length) {
        return Long.highestOneBit(length - 1);
    }
}
