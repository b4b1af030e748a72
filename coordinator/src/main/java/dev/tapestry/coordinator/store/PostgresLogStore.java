package dev.tapestry.coordinator.store;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.log.LogStore;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * The log's tables in PostgreSQL. A connection that breaks is opened again; a transaction that it
 * broke in is settled by then, so that what is read afterwards is what became of it.
 */
public final class PostgresLogStore implements LogStore {

    private final PostgresServer server;
    private final @Nullable Lease lease;
    private @Nullable Connection connection;
    private String origin;
    private boolean within;

    private PostgresLogStore(PostgresServer server, @Nullable Lease lease, String origin) {
        this.server = server;
        this.lease = lease;
        this.origin = origin;
    }

    /**
     * Opens for writing, as long as {@code lease} lasts; names the log when it is empty.
     *
     * @throws TrustException {@code LOG_UNREADABLE} if it is another one's, {@code STORAGE}; the
     *     lease is given back then
     */
    public static LogStore writable(PostgresServer server, Lease lease, String origin) {
        PostgresLogStore store = new PostgresLogStore(server, lease, origin);
        try {
            String found = store.write(c -> PostgresTables.named(c, origin));
            if (!found.equals(origin)) {
                throw new TrustException(
                        Code.LOG_UNREADABLE,
                        "%s holds the log of '%s', not of '%s'; give each consortium a database or schema of its own"
                                .formatted(server.name(), found, origin));
            }
            return store;
        } catch (TrustException e) {
            store.close();
            throw e;
        }
    }

    /**
     * Opens for reading, also while others write.
     *
     * @throws TrustException {@code LOG_UNREADABLE} if there is no log, {@code STORAGE}
     */
    public static LogStore readable(PostgresServer server) {
        PostgresLogStore store = new PostgresLogStore(server, null, "");
        try {
            store.origin = store.read(PostgresTables::name);
            return store;
        } catch (TrustException e) {
            store.close();
            throw e;
        }
    }

    /**
     * Whether nothing was ever written to the log there.
     *
     * @throws TrustException {@code STORAGE}
     */
    public static boolean isEmpty(PostgresServer server) {
        return server.asking(
                "look for the log",
                () -> {
                    try (Connection connection = server.connect()) {
                        return PostgresTables.empty(connection);
                    }
                });
    }

    @Override
    public String origin() {
        return origin;
    }

    @Override
    public boolean writable() {
        return lease != null;
    }

    @Override
    public <T> T read(Work<T> work) {
        if (within) {
            return on(work, connection);
        }
        boolean fresh = connection == null;
        try {
            return snapshot(work);
        } catch (SQLException e) {
            drop();
            if (fresh || !passes(e)) {
                throw failed("read the log", e);
            }
        }
        // The connection may have been dead for hours; a new one knows.
        try {
            return snapshot(work);
        } catch (SQLException e) {
            drop();
            throw failed("read the log", e);
        }
    }

    private <T> T on(Work<T> work, @Nullable Connection open) {
        try {
            if (open == null) {
                throw new IllegalStateException("read within a transaction that is over");
            }
            return work.on(open);
        } catch (SQLException e) {
            throw failed("read the log", e);
        }
    }

    /** All that is read is of one moment, and large results come in pieces. */
    private <T> T snapshot(Work<T> work) throws SQLException {
        Connection open = connected();
        open.setAutoCommit(false);
        open.setReadOnly(true);
        open.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        return committed(open, work);
    }

    private <T> T committed(Connection open, Work<T> work) throws SQLException {
        within = true;
        try {
            T result = work.on(open);
            open.commit();
            return result;
        } catch (SQLException | RuntimeException | Error e) {
            rollBack(open, e);
            throw e;
        } finally {
            within = false;
        }
    }

    @Override
    public <T> T write(Work<T> work) {
        Lease own = lease;
        if (own == null) {
            throw new TrustException(Code.STORAGE, "this log was opened for reading only");
        }
        try {
            return committed(begun(own), work);
        } catch (SQLException e) {
            drop();
            throw server.unreachable("append to the log", e);
        }
    }

    /** A transaction in which this coordinator leads. */
    private Connection begun(Lease own) throws SQLException {
        boolean fresh = connection == null;
        try {
            return begun(connected(), own);
        } catch (SQLException e) {
            drop();
            if (fresh || !passes(e)) {
                throw e;
            }
        }
        // Nothing was written on the connection that had died.
        return begun(connected(), own);
    }

    private static Connection begun(Connection open, Lease own) throws SQLException {
        open.setAutoCommit(false);
        open.setReadOnly(false);
        open.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        try {
            requireTerm(open, own);
            return open;
        } catch (SQLException | RuntimeException e) {
            rollBack(open, e);
            throw e;
        }
    }

    /** Holds the lease's row until the transaction ends: nobody takes over in between. */
    private static void requireTerm(Connection open, Lease own) throws SQLException {
        try (Statement statement = open.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT term, holder FROM lease FOR UPDATE")) {
            row.next();
            long term = row.getLong(1);
            if (term != own.term()) {
                throw Lease.taken(own.term(), "%s (term %d)".formatted(row.getString(2), term));
            }
        }
    }

    private Connection connected() throws SQLException {
        Connection open = connection;
        if (open == null || open.isClosed()) {
            open = server.connect();
            connection = open;
            if (lease != null) {
                settle(open);
            }
        }
        return open;
    }

    /** Waits until a transaction that the connection before broke in is over, either way. */
    private static void settle(Connection open) throws SQLException {
        try (Statement statement = open.createStatement()) {
            statement.execute("SELECT term FROM lease FOR UPDATE");
        }
    }

    private static void rollBack(Connection open, Throwable cause) {
        try {
            open.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    private void drop() {
        Connection open = connection;
        connection = null;
        if (open != null) {
            PostgresServer.closeQuietly(open);
        }
    }

    private TrustException failed(String doing, SQLException e) {
        return passes(e)
                ? server.unreachable(doing, e)
                : new TrustException(
                        Code.LOG_UNREADABLE,
                        "cannot %s in %s: %s".formatted(doing, server.name(), e.getMessage()),
                        e);
    }

    /** Whether it is the connection or the server's state, by the SQLSTATE's class. */
    private static boolean passes(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.matches("(08|25P|28|40|53|55|57|58).*");
    }

    @Override
    public void close() {
        drop();
        if (lease != null) {
            lease.close();
        }
    }
}
