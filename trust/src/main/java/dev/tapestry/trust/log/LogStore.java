package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;

/** The log's tables in SQLite; not thread-safe, no rules. The package describes the schema. */
final class LogStore implements AutoCloseable {

    private static final int FORMAT = 1;

    /** Something that SQLite may refuse. */
    @FunctionalInterface
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    private final Path file;
    private final Connection connection;
    private final String origin;

    private LogStore(Path file, Connection connection, String origin) {
        this.file = file;
        this.connection = connection;
        this.origin = origin;
    }

    /** Opens for writing; makes the file when it is missing. */
    static LogStore writable(Path file, String origin) {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setBusyTimeout(10_000);
        return open(file, origin, config, "jdbc:sqlite:" + file.toAbsolutePath(), true);
    }

    /** Opens for reading, also while another process writes, and from a disk that is read-only. */
    static LogStore readable(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new TrustException(Code.LOG_UNREADABLE, "there is no log at " + file);
        }
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        config.setBusyTimeout(10_000);
        Path absolute = file.toAbsolutePath();
        // In WAL mode even a reader makes files beside the database, unless told that nobody
        // writes.
        boolean immutable =
                !Files.isWritable(absolute.resolveSibling("."))
                        && !Files.exists(absolute.resolveSibling(file.getFileName() + "-wal"));
        String url =
                immutable
                        ? "jdbc:sqlite:file:" + absolute.toUri().getRawPath() + "?immutable=1"
                        : "jdbc:sqlite:" + absolute;
        return open(file, "", config, url, false);
    }

    private static LogStore open(
            Path file, String origin, SQLiteConfig config, String url, boolean writable) {
        Connection connection = null;
        try {
            connection = config.createConnection(url);
            try (Statement statement = connection.createStatement()) {
                // The file may come from a stranger: its schema is data, not a program.
                statement.execute("PRAGMA trusted_schema = OFF");
                if (writable) {
                    create(connection, statement, origin);
                }
                try (ResultSet row = statement.executeQuery("SELECT format, origin FROM log")) {
                    if (!row.next() || row.getInt(1) != FORMAT) {
                        throw new SQLException("it is not a log of format " + FORMAT);
                    }
                    String found = row.getString(2);
                    if (writable && !found.equals(origin)) {
                        throw new SQLException(
                                "it is the log of '" + found + "', not of '" + origin + "'");
                    }
                    return new LogStore(file, connection, found);
                }
            }
        } catch (SQLException e) {
            closeQuietly(connection);
            throw unreadable(file, e);
        }
    }

    private static void create(Connection connection, Statement statement, String origin)
            throws SQLException {
        connection.setAutoCommit(false);
        statement.execute(
                "CREATE TABLE IF NOT EXISTS log(format INTEGER NOT NULL, origin TEXT NOT NULL)");
        statement.execute(
                "CREATE TABLE IF NOT EXISTS entries("
                        + "position INTEGER PRIMARY KEY, body BLOB NOT NULL)");
        statement.execute(
                "CREATE TABLE IF NOT EXISTS nodes(level INTEGER NOT NULL, position INTEGER NOT"
                        + " NULL, hash BLOB NOT NULL, PRIMARY KEY(level, position)) WITHOUT ROWID");
        statement.execute(
                "CREATE TABLE IF NOT EXISTS checkpoints("
                        + "size INTEGER PRIMARY KEY, note TEXT NOT NULL)");
        try (PreparedStatement insert =
                connection.prepareStatement(
                        "INSERT INTO log SELECT ?, ? WHERE NOT EXISTS (SELECT * FROM log)")) {
            insert.setInt(1, FORMAT);
            insert.setString(2, origin);
            insert.execute();
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    String origin() {
        return origin;
    }

    /** Runs one statement or several that only read. */
    <T> T read(Work<T> work) {
        try {
            return work.on(connection);
        } catch (SQLException e) {
            throw unreadable(file, e);
        }
    }

    /**
     * Runs a transaction that is on the disk when this returns. When it throws, the transaction did
     * not happen as far as can be known: its last write may have reached the disk.
     */
    <T> T write(Work<T> work) {
        try {
            connection.setAutoCommit(false);
            try {
                T result = work.on(connection);
                connection.commit();
                return result;
            } finally {
                connection.rollback(); // does nothing after the commit
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw new TrustException(
                    Code.STORAGE, "cannot append to the log " + file + ": " + e.getMessage(), e);
        }
    }

    long size() {
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
    Optional<Digest> node(int level, long position) {
        return read(c -> {
            try (PreparedStatement select =
                    c.prepareStatement("SELECT hash FROM nodes WHERE level = ? AND position = ?")) {
                select.setInt(1, level);
                select.setLong(2, position);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? hash(row.getBytes(1)) : Optional.empty();
                }
            }
        });
    }

    @Override
    public void close() {
        closeQuietly(connection);
    }

    private static Optional<Digest> hash(byte[] bytes) {
        return bytes.length == 32 ? Optional.of(Digest.ofHash(bytes)) : Optional.empty();
    }

    private static void closeQuietly(@Nullable Connection connection) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException _) {
            // All that was promised is on the disk already.
        }
    }

    private static TrustException unreadable(Path file, SQLException e) {
        return new TrustException(
                Code.LOG_UNREADABLE,
                "cannot read the log " + file + ": " + e.getMessage() + "; restore it from a copy",
                e);
    }
}
