package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.Verdict.Broken;
import dev.tapestry.trust.log.Verdict.Damage;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Examines a whole log without asking anybody: recomputes every hash from the bodies of the entries
 * and compares with the stored tree and with every signed checkpoint.
 *
 * <p>Somebody who can change the file but not sign can be caught by the checkpoints in it. Somebody
 * who removes those too, or signs a second history, is caught by checkpoints that others
 * remembered: give them along.
 */
public final class LogVerifier {

    private final LogStore store;
    private final LogKeys keys;

    /** Hashes of the complete subtrees along the right edge; the index is the level. */
    private final List<@Nullable Digest> edge = new ArrayList<>();

    private LogVerifier(LogStore store, LogKeys keys) {
        this.store = store;
        this.keys = keys;
    }

    /** Examines the log in {@code file}, whose checkpoints {@code key} must have signed. */
    public static Verdict verify(Path file, VerifyingKey key) {
        return verify(file, LogKeys.of(key), List.of());
    }

    /**
     * Examines the log also against checkpoints that are kept elsewhere.
     *
     * @param keys which coordinator signed how far
     * @param remembered verified checkpoints of the same log
     */
    public static Verdict verify(Path file, LogKeys keys, Collection<Checkpoint> remembered) {
        try (LogStore store = LogStore.readable(file)) {
            return new LogVerifier(store, keys).verdict(remembered);
        } catch (TrustException e) {
            return new Broken(0, Damage.UNREADABLE, String.valueOf(e.getMessage()));
        }
    }

    private Verdict verdict(Collection<Checkpoint> remembered) {
        List<Checkpoint> checkpoints = new ArrayList<>(remembered);
        for (StoredNote note : store.read(LogVerifier::notes)) {
            Checkpoint checkpoint;
            try {
                checkpoint = keys.verified(note.text(), store.origin());
            } catch (TrustException e) {
                return new Broken(
                        note.size(), Damage.BAD_CHECKPOINT, String.valueOf(e.getMessage()));
            }
            if (checkpoint.size() != note.size()) {
                return new Broken(
                        note.size(),
                        Damage.BAD_CHECKPOINT,
                        "the checkpoint filed under " + note.size() + " says " + checkpoint.size());
            }
            checkpoints.add(checkpoint);
        }
        SortedMap<Long, List<Checkpoint>> bySize = new TreeMap<>();
        checkpoints.forEach(c -> bySize.computeIfAbsent(c.size(), _ -> new ArrayList<>()).add(c));
        return store.read(connection -> walk(connection, bySize));
    }

    /** Reads the entries once, in order. */
    private Verdict walk(Connection connection, SortedMap<Long, List<Checkpoint>> checkpoints)
            throws SQLException {
        long size = 0;
        long signed = 0;
        Optional<Broken> broken = compare(0, 0, checkpoints);
        try (PreparedStatement select =
                        connection.prepareStatement(
                                "SELECT position, body FROM entries ORDER BY position");
                ResultSet rows = select.executeQuery()) {
            while (broken.isEmpty() && rows.next()) {
                if (rows.getLong(1) != size) {
                    return new Broken(size, Damage.MISSING, "entry " + size + " is not in the log");
                }
                byte[] body = rows.getBytes(2);
                broken = add(size, MerkleTree.leaf(body == null ? new byte[0] : body));
                size++;
                if (broken.isEmpty()) {
                    broken = compare(size, signed, checkpoints);
                }
                signed = checkpoints.containsKey(size) ? size : signed;
            }
        }
        if (broken.isPresent()) {
            return broken.get();
        }
        long promised = Math.max(checkpoints.isEmpty() ? 0 : checkpoints.lastKey(), treeSize());
        return promised > size
                ? new Broken(
                        size,
                        Damage.TRUNCATED,
                        "the log ends after " + size + " entries, but it once had " + promised)
                : new Verdict.Whole(size, root(size), signed);
    }

    /** Adds a leaf to the edge, comparing each completed subtree with the stored one. */
    private Optional<Broken> add(long index, Digest leaf) {
        Optional<Digest> stored = store.node(0, index);
        if (stored.isPresent() && !stored.get().equals(leaf)) {
            return Optional.of(changed(index, leaf));
        }
        int level = 0;
        long position = index;
        Digest hash = leaf;
        while (true) {
            if (!store.node(level, position).equals(Optional.of(hash))) {
                return Optional.of(
                        new Broken(
                                position << level,
                                Damage.TREE_DAMAGED,
                                "the stored hash over the entries "
                                        + (position << level)
                                        + " to "
                                        + index
                                        + " is not theirs"));
            }
            while (edge.size() <= level) {
                edge.add(null);
            }
            Digest left = edge.get(level);
            if ((position & 1) == 0 || left == null) {
                edge.set(level, hash);
                return Optional.empty();
            }
            hash = MerkleTree.node(left, hash);
            position >>= 1;
            level++;
        }
    }

    private Broken changed(long index, Digest leaf) {
        Optional<Long> elsewhere = store.read(connection -> position(connection, leaf));
        return elsewhere
                .map(place ->
                        new Broken(
                                index,
                                Damage.REORDERED,
                                "at " + index + " stands what was logged as entry " + place))
                .orElseGet(() ->
                        new Broken(
                                index,
                                Damage.TAMPERED,
                                "the body of entry "
                                        + index
                                        + " has the hash "
                                        + leaf.abbreviated()
                                        + "…, which was never logged"));
    }

    /** Compares with every checkpoint of this size. */
    private Optional<Broken> compare(
            long size, long signed, SortedMap<Long, List<Checkpoint>> checkpoints) {
        for (Checkpoint checkpoint : checkpoints.getOrDefault(size, List.of())) {
            Digest root = root(size);
            if (!checkpoint.root().equals(root)) {
                return Optional.of(
                        new Broken(
                                signed,
                                Damage.TAMPERED,
                                "between the entries "
                                        + signed
                                        + " and "
                                        + (size - 1)
                                        + " something is not as it was signed: the checkpoint"
                                        + " over "
                                        + size
                                        + " has the root "
                                        + checkpoint.root().abbreviated()
                                        + "…, the entries "
                                        + root.abbreviated()
                                        + "…"));
            }
        }
        return Optional.empty();
    }

    private Digest root(long size) {
        return MerkleTree.root(
                size,
                (level, _) -> {
                    Digest hash = edge.get(level);
                    if (hash == null) {
                        throw new IllegalStateException("the edge lacks level " + level);
                    }
                    return hash;
                });
    }

    /** The number of entries that the stored leaves speak of. */
    private long treeSize() {
        return store.read(connection -> {
            try (PreparedStatement select =
                            connection.prepareStatement(
                                    "SELECT coalesce(max(position) + 1, 0) FROM nodes"
                                            + " WHERE level = 0");
                    ResultSet row = select.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        });
    }

    private static Optional<Long> position(Connection connection, Digest leaf) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT position FROM nodes WHERE level = 0 AND hash = ?")) {
            select.setBytes(1, leaf.bytes());
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
            }
        }
    }

    private record StoredNote(long size, String text) {}

    private static List<StoredNote> notes(Connection connection) throws SQLException {
        try (PreparedStatement select =
                        connection.prepareStatement(
                                "SELECT size, note FROM checkpoints ORDER BY size");
                ResultSet rows = select.executeQuery()) {
            List<StoredNote> notes = new ArrayList<>();
            while (rows.next()) {
                notes.add(new StoredNote(rows.getLong(1), String.valueOf(rows.getString(2))));
            }
            return notes;
        }
    }
}
