package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The append-only log; the package describes format and tree.
 *
 * <p>What {@link #append} has returned for is on the disk, whole, and stays; what it has not
 * returned for is either there whole or not at all. Thread-safe; one process writes, any number
 * read.
 */
public final class AuditLog implements AutoCloseable {

    /** No entry is larger than this: 1 MiB. */
    public static final int MAX_ENTRY_BYTES = 1 << 20;

    private final LogStore store;

    private AuditLog(LogStore store) {
        this.store = store;
    }

    /** The log in a store, which it closes. */
    public static AuditLog in(LogStore store) {
        return new AuditLog(store);
    }

    /**
     * Opens a log for writing, and founds it when the file is missing.
     *
     * @param origin the log's name in its checkpoints; must be the same each time
     * @throws TrustException {@code LOG_ON_NETWORK} where other machines could write it too, {@code
     *     LOG_IN_USE} when another process writes it, {@code LOG_UNREADABLE} when the file is no
     *     log or another one's
     */
    public static AuditLog open(Path file, String origin) {
        requireOrigin(origin);
        return in(SqliteLogStore.writable(file, origin));
    }

    /**
     * The same for a copy that nobody else knows of until it is whole; it may be made on a
     * network's disk.
     *
     * @throws TrustException {@code LOG_IN_USE}, {@code LOG_UNREADABLE}
     */
    public static AuditLog draft(Path file, String origin) {
        requireOrigin(origin);
        return in(SqliteLogStore.draft(file, origin));
    }

    /**
     * Refuses a place where no log may be kept, as {@link #open} does; opens nothing.
     *
     * @throws TrustException {@code LOG_ON_NETWORK}
     */
    public static void requirePlace(Path file) {
        NetworkDisk.refuse(file);
    }

    private static void requireOrigin(String origin) {
        new Checkpoint(origin, 0, Digest.of(new byte[0])); // refuses what cannot be one
    }

    /**
     * Opens a log that somebody else may be writing.
     *
     * @throws TrustException {@code LOG_UNREADABLE}; {@code LOG_ON_NETWORK}: it lies where other
     *     machines could write it, and was not closed
     */
    public static AuditLog readOnly(Path file) {
        return in(SqliteLogStore.readable(file));
    }

    /** The log's name. */
    public String origin() {
        return store.origin();
    }

    /** The number of entries. */
    public synchronized long size() {
        return store.size();
    }

    /** {@link #append(long, List) Appends} to what is there, whatever that is. */
    public synchronized long append(List<byte[]> entries) {
        return append(store.size(), entries);
    }

    /**
     * Appends entries in one durable transaction.
     *
     * @param after the size that the log has as far as the writer knows
     * @return the size after it
     * @throws TrustException {@code LOG_MOVED_ON}: the log has another size, nothing was written;
     *     {@code LOG_LEASE_LOST}: another process writes it now, nothing was written; {@code
     *     STORAGE}: nothing is to be seen of the entries, but a disk that failed in the middle of
     *     it may show them when the log is opened again
     */
    public synchronized long append(long after, List<byte[]> entries) {
        requireWritable();
        for (byte[] entry : entries) {
            if (entry.length > MAX_ENTRY_BYTES) {
                throw new TrustException(
                        Code.STORAGE,
                        "an entry of " + entry.length + " bytes is too large for the log");
            }
        }
        try {
            store.write(connection -> {
                requireSize(store.size(), after);
                return insert(connection, after, entries);
            });
        } catch (TrustException e) {
            if (e.code() != Code.STORAGE || !isIn(after, entries, e)) {
                throw e;
            } // else the answer was lost, not the transaction
        }
        return after + entries.size();
    }

    private static void requireSize(long size, long expected) {
        if (size != expected) {
            throw new TrustException(
                    Code.LOG_MOVED_ON,
                    "the log has %d entries and not %d: somebody else wrote it, or the disk kept what it had said to have refused; start again, and it goes on from there"
                            .formatted(size, expected));
        }
    }

    private void requireWritable() {
        if (!store.writable()) {
            throw new TrustException(Code.STORAGE, "this log was opened for reading only");
        }
    }

    private boolean isIn(long from, List<byte[]> entries, TrustException failure) {
        try {
            long to = from + entries.size();
            return store.size() == to
                    && Arrays.deepEquals(read(from, to).toArray(), entries.toArray());
        } catch (TrustException e) {
            failure.addSuppressed(e);
            return false; // not known; the next append looks again
        }
    }

    /**
     * The entries {@code from} (inclusive) to {@code to} (exclusive), in order.
     *
     * @throws TrustException {@code PROOF_IMPOSSIBLE} when they are not all there
     */
    public synchronized List<byte[]> read(long from, long to) {
        if (from < 0 || to < from || to > store.size()) {
            throw new TrustException(
                    Code.PROOF_IMPOSSIBLE,
                    "no entries " + from + " to " + to + " are in a log of " + store.size());
        }
        return store.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(
                            "SELECT body FROM entries WHERE position >= ? AND position < ?"
                                    + " ORDER BY position")) {
                select.setLong(1, from);
                select.setLong(2, to);
                List<byte[]> bodies = new ArrayList<>();
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        bodies.add(rows.getBytes(1));
                    }
                }
                return bodies;
            }
        });
    }

    /** The root of the tree over all entries. */
    public synchronized Digest root() {
        return root(store.size());
    }

    /** The root of the tree over the first {@code size} entries. */
    public synchronized Digest root(long size) {
        requireSize(size);
        return MerkleTree.root(size, this::subtree);
    }

    /** Proves that the entry at {@code index} is in the tree of {@code size} entries. */
    public synchronized InclusionProof inclusionProof(long index, long size) {
        requireSize(size);
        return new InclusionProof(index, size, MerkleTree.inclusion(index, size, this::subtree));
    }

    /** Proves that the tree of {@code from} entries begins the tree of {@code to} entries. */
    public synchronized ConsistencyProof consistencyProof(long from, long to) {
        requireSize(to);
        return new ConsistencyProof(from, to, MerkleTree.consistency(from, to, this::subtree));
    }

    /** Signs the log as it is now, and keeps the note. */
    public synchronized SignedNote checkpoint(SigningKey key) {
        long size = store.size();
        SignedNote note = new Checkpoint(store.origin(), size, root(size)).sign(key);
        keep(size, note);
        return note;
    }

    /** The signed note over the most entries. */
    public synchronized Optional<SignedNote> latestCheckpoint() {
        return store.read(connection -> {
            try (PreparedStatement select =
                            connection.prepareStatement(
                                    "SELECT note FROM checkpoints ORDER BY size DESC"
                                            + " LIMIT 1");
                    ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(SignedNote.parse(row.getString(1)))
                        : Optional.empty();
            }
        });
    }

    @Override
    public synchronized void close() {
        store.close();
    }

    private void keep(long size, SignedNote note) {
        requireWritable();
        store.write(connection -> {
            try (PreparedStatement insert =
                    connection.prepareStatement(
                            "INSERT INTO checkpoints VALUES (?, ?)"
                                    + " ON CONFLICT (size) DO UPDATE SET note = excluded.note")) {
                insert.setLong(1, size);
                insert.setString(2, note.toString());
                return insert.execute();
            }
        });
    }

    /** Inserts entries and every subtree that they complete, remembering the right edge. */
    private boolean insert(Connection connection, long size, List<byte[]> entries)
            throws SQLException {
        Map<Integer, Digest> edge = new HashMap<>();
        try (PreparedStatement entry =
                        connection.prepareStatement("INSERT INTO entries VALUES (?, ?)");
                PreparedStatement node =
                        connection.prepareStatement("INSERT INTO nodes VALUES (?, ?, ?)")) {
            for (int i = 0; i < entries.size(); i++) {
                long position = size + i;
                entry.setLong(1, position);
                entry.setBytes(2, entries.get(i));
                entry.executeUpdate();
                Digest hash = MerkleTree.leaf(entries.get(i));
                int level = 0;
                insert(node, level, position, hash);
                while ((position & 1) == 1) {
                    Digest left = edge.get(level);
                    hash =
                            MerkleTree.node(
                                    left == null ? subtree(level, position - 1) : left, hash);
                    position >>= 1;
                    level++;
                    insert(node, level, position, hash);
                }
                edge.put(level, hash);
            }
        }
        return true;
    }

    private static void insert(PreparedStatement node, int level, long position, Digest hash)
            throws SQLException {
        node.setInt(1, level);
        node.setLong(2, position);
        node.setBytes(3, hash.bytes());
        node.executeUpdate();
    }

    private Digest subtree(int level, long position) {
        return store.node(level, position)
                .orElseThrow(() ->
                        new TrustException(
                                Code.LOG_UNREADABLE,
                                "the log lacks the hash "
                                        + position
                                        + " of level "
                                        + level
                                        + "; it is damaged (tapestry verify log)"));
    }

    private void requireSize(long size) {
        if (size < 0 || size > store.size()) {
            throw new TrustException(
                    Code.PROOF_IMPOSSIBLE, "the log has " + store.size() + " entries, not " + size);
        }
    }
}
