package dev.tapestry.coordinator;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.TreeEdge;
import java.io.IOException;
import java.io.InputStream;

/**
 * The leaves of an audit bundle, which tell the one entry that is not what was signed; read one by
 * one beside the entries.
 */
final class BundleLeaves implements AutoCloseable {

    private final InputStream leaves;
    private final boolean genuine;

    /**
     * The leaves from the first one on.
     *
     * @param signed what they are believed for when the tree over them has its root
     */
    BundleLeaves(AuditBundle bundle, Checkpoint signed) {
        this.genuine = areUnder(signed, bundle);
        this.leaves = bundle.leaves();
    }

    private static boolean areUnder(Checkpoint signed, AuditBundle bundle) {
        TreeEdge edge = TreeEdge.EMPTY;
        try (InputStream leaves = bundle.leaves()) {
            while (edge.size() < signed.size()) {
                byte[] leaf = leaves.readNBytes(AuditBundle.LEAF_BYTES);
                if (leaf.length < AuditBundle.LEAF_BYTES) {
                    return false;
                }
                edge = edge.withLeaf(Digest.ofHash(leaf));
            }
            return edge.root().equals(signed.root());
        } catch (IOException e) {
            throw AuditBundle.bad("its leaves cannot be read: " + e.getMessage());
        }
    }

    /** Holds the next entry against its leaf. */
    void require(long index, byte[] entry) throws BundleUnsound {
        byte[] leaf = next();
        if (leaf.length < AuditBundle.LEAF_BYTES) {
            throw new BundleUnsound(new BadEntry(index, name(entry), "it has no leaf"));
        }
        if (!TreeEdge.leaf(entry).equals(Digest.ofHash(leaf))) {
            throw new BundleUnsound(
                    new BadEntry(
                            index,
                            name(entry),
                            (genuine
                                            ? "it is not the entry that was signed: "
                                            : "it does not fit its leaf: ")
                                    + LogAudit.excerpt(entry)));
        }
    }

    private byte[] next() {
        try {
            return leaves.readNBytes(AuditBundle.LEAF_BYTES);
        } catch (IOException e) {
            throw AuditBundle.bad("its leaves cannot be read: " + e.getMessage());
        }
    }

    private static String name(byte[] entry) {
        try {
            return CanonicalJson.read(entry, ConsortiumEvent.class).getClass().getSimpleName();
        } catch (TrustException _) {
            return "no event";
        }
    }

    @Override
    public void close() {
        try {
            leaves.close();
        } catch (IOException _) {
            // It was only read.
        }
    }
}
