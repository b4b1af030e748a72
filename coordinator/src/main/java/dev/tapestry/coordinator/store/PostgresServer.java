package dev.tapestry.coordinator.store;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;

/**
 * How to reach the database of a log.
 *
 * @param url {@code jdbc:postgresql://HOST/DATABASE…}
 * @param user who owns the tables
 * @param password of that user; empty where the server asks for none
 * @param lease how long a coordinator leads without renewing
 */
public record PostgresServer(String url, String user, String password, Duration lease) {

    private static final int CONNECT_SECONDS = 5;

    /** Something that the database may refuse. */
    @FunctionalInterface
    interface Asking<T> {
        T ask() throws SQLException;
    }

    /** A connection on which nothing hangs for longer than a lease. */
    Connection connect() throws SQLException {
        long millis = lease.toMillis();
        Properties properties = new Properties();
        properties.setProperty("user", user);
        if (!password.isEmpty()) {
            properties.setProperty("password", password);
        }
        properties.setProperty("ApplicationName", "tapestry coordinator");
        properties.setProperty("connectTimeout", Integer.toString(CONNECT_SECONDS));
        properties.setProperty(
                "socketTimeout", Long.toString(Math.max(CONNECT_SECONDS, lease.toSeconds())));
        properties.setProperty("tcpKeepAlive", "true");
        Connection connection = DriverManager.getConnection(url, properties);
        try (Statement statement = connection.createStatement()) {
            // Whoever sleeps within a transaction must not keep the lease's row from the others.
            statement.execute("SET idle_in_transaction_session_timeout = " + millis);
            statement.execute("SET lock_timeout = " + millis);
            if (setting(statement, "fsync").equals("off")) {
                throw new SQLException(
                        "the server runs with fsync = off and would lose what it has promised to keep; switch it on in postgresql.conf");
            }
            if (setting(statement, "synchronous_commit").equals("off")) {
                statement.execute("SET synchronous_commit = on");
            }
            return connection;
        } catch (SQLException e) {
            closeQuietly(connection);
            throw e;
        }
    }

    private static String setting(Statement statement, String name) throws SQLException {
        try (ResultSet row = statement.executeQuery("SHOW " + name)) {
            row.next();
            return row.getString(1);
        }
    }

    static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException _) {
            // The server drops it.
        }
    }

    /** What the address alone tells, without a secret. */
    public String name() {
        return url.replaceFirst("\\?.*", "");
    }

    /** The database does not answer, or does not now. */
    TrustException unreachable(String doing, SQLException e) {
        return new TrustException(
                Code.STORAGE,
                "cannot %s in %s as %s: %s".formatted(doing, name(), user, e.getMessage()),
                e);
    }

    /** Asks, and speaks of a failure in this program's words. */
    <T> T asking(String doing, Asking<T> asking) {
        try {
            return asking.ask();
        } catch (SQLException e) {
            throw unreachable(doing, e);
        }
    }
}
