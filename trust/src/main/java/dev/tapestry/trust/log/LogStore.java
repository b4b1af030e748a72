package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * Where a log's tables are; the package describes them. A store knows how to read and how to write
 * durably, and who may write; {@link AuditLog} knows what. Not thread-safe.
 */
public interface LogStore extends AutoCloseable {

    /** The format of the tables, in the table {@code log}. */
    int FORMAT = 1;

    /** Statements that the database may refuse. */
    @FunctionalInterface
    interface Work<T> {
        /** Runs them; only with SQL that every store understands. */
        T on(Connection connection) throws SQLException;
    }

    /**
     * The tables in a SQLite file, for reading while somebody may write.
     *
     * @throws TrustException {@code LOG_UNREADABLE}
     */
    static LogStore readable(Path file) {
        return SqliteLogStore.readable(file);
    }

    /** The log's name. */
    String origin();

    /** Whether this store was opened for writing. */
    boolean writable();

    /**
     * Runs statements that only read; within {@link #write} they see what it has written.
     *
     * @throws TrustException {@code LOG_UNREADABLE}; {@code STORAGE} if the database cannot be
     *     reached
     */
    <T> T read(Work<T> work);

    /**
     * Runs a transaction that is durable when this returns, as long as the right to write lasts.
     * When it throws, the transaction did not happen as far as can be known: its last write may
     * have been kept.
     *
     * @throws TrustException {@code STORAGE}; {@code LOG_LEASE_LOST}: another process writes now,
     *     nothing was written
     */
    <T> T write(Work<T> work);

    /** The number of entries. */
    default long size() {
        return read(c -> {
            try (Statement statement = c.createStatement();
                    ResultSet row =
                            statement.executeQuery(
                                    "SELECT coalesce(max(position) + 1, 0) FROM entries")) {
                row.next();
                return row.getLong(1);
            }
        });
    }

    /** The stored root of a complete subtree. */
    default Optional<Digest> node(int level, long position) {
        return read(c -> {
            try (PreparedStatement select =
                    c.prepareStatement("SELECT hash FROM nodes WHERE level = ? AND position = ?")) {
                select.setInt(1, level);
                select.setLong(2, position);
                try (ResultSet row = select.executeQuery()) {
                    return row.next()
                            ? Optional.of(row.getBytes(1))
                                    .filter(bytes -> bytes.length == 32)
                                    .map(Digest::ofHash)
                            : Optional.empty();
                }
            }
        });
    }

    /** Closes it, and gives the right to write back. */
    @Override
    void close();
}
