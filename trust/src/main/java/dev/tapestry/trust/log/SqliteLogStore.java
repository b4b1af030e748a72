package dev.tapestry.trust.log;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;

/** The log's tables in a SQLite file, written by one process at a time. */
final class SqliteLogStore implements LogStore {

    private final Path file;
    private final Connection connection;
    private final String origin;
    private final @Nullable WriterLock lock;

    private SqliteLogStore(
            Path file, Connection connection, String origin, @Nullable WriterLock lock) {
        this.file = file;
        this.connection = connection;
        this.origin = origin;
        this.lock = lock;
    }

    /**
     * Opens for writing; makes the file when it is missing.
     *
     * @throws TrustException {@code LOG_ON_NETWORK}, {@code LOG_IN_USE}, {@code LOG_UNREADABLE}
     */
    static LogStore writable(Path file, String origin) {
        NetworkDisk.refuse(file);
        return writable(file, origin, SQLiteConfig.JournalMode.WAL);
    }

    /**
     * The same for a copy that nobody else knows of until it is whole; also over a network, for it
     * shares neither memory nor locks with anybody.
     *
     * @throws TrustException {@code LOG_IN_USE}, {@code LOG_UNREADABLE}
     */
    static LogStore draft(Path file, String origin) {
        return writable(file, origin, SQLiteConfig.JournalMode.DELETE);
    }

    private static LogStore writable(Path file, String origin, SQLiteConfig.JournalMode journal) {
        WriterLock lock = WriterLock.take(file);
        try {
            return writable(file, origin, journal, lock);
        } catch (TrustException e) {
            lock.close();
            throw e;
        }
    }

    private static LogStore writable(
            Path file, String origin, SQLiteConfig.JournalMode journal, WriterLock lock) {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(journal);
        if (journal != SQLiteConfig.JournalMode.WAL) {
            config.setLockingMode(SQLiteConfig.LockingMode.EXCLUSIVE);
        }
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setBusyTimeout(10_000);
        return open(file, origin, config, "jdbc:sqlite:" + file.toAbsolutePath(), lock);
    }

    /**
     * Opens for reading, also while another process writes, and from a disk that is read-only. A
     * log at rest may lie anywhere: over a network nobody writes it.
     *
     * @throws TrustException {@code LOG_UNREADABLE}; {@code LOG_ON_NETWORK}: it is not at rest
     */
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
        boolean atRest = !Files.exists(absolute.resolveSibling(file.getFileName() + "-wal"));
        boolean network = NetworkDisk.holds(absolute);
        if (network && !atRest) {
            NetworkDisk.refuse(absolute);
        }
        boolean immutable = atRest && (network || !Files.isWritable(absolute.resolveSibling(".")));
        String url =
                immutable
                        ? "jdbc:sqlite:file:" + absolute.toUri().getRawPath() + "?immutable=1"
                        : "jdbc:sqlite:" + absolute;
        return open(file, "", config, url, null);
    }

    private static LogStore open(
            Path file, String origin, SQLiteConfig config, String url, @Nullable WriterLock lock) {
        boolean writable = lock != null;
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
                    return new SqliteLogStore(file, connection, found, lock);
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

    @Override
    public String origin() {
        return origin;
    }

    @Override
    public boolean writable() {
        return lock != null;
    }

    @Override
    public <T> T read(Work<T> work) {
        try {
            return work.on(connection);
        } catch (SQLException e) {
            throw unreadable(file, e);
        }
    }

    @Override
    public <T> T write(Work<T> work) {
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

    @Override
    public void close() {
        closeQuietly(connection);
        if (lock != null) {
            lock.close();
        }
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
