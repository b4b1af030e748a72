package dev.tapestry.coordinator.store;

import dev.tapestry.trust.log.LogStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The log's tables in PostgreSQL, in the schema that the connection names. */
final class PostgresTables {

    /**
     * Whoever makes the tables holds it, so that two who come first do not fall over each other.
     */
    private static final long MAKING = 0x7461_7065_7374_7279L;

    private PostgresTables() {}

    /** Makes what is missing. */
    static void create(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_advisory_xact_lock(" + MAKING + ")");
            // Asked first: a user who may not make tables can still use those that are there.
            if (!exists(statement)) {
                make(statement);
            }
            connection.commit();
        } finally {
            connection.rollback(); // does nothing after the commit
            connection.setAutoCommit(true);
        }
    }

    private static boolean exists(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery("SELECT to_regclass('lease') IS NOT NULL")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private static void make(Statement statement) throws SQLException {
        statement.execute("CREATE TABLE log(format INTEGER NOT NULL, origin TEXT NOT NULL)");
        statement.execute("CREATE TABLE entries(position BIGINT PRIMARY KEY, body BYTEA NOT NULL)");
        statement.execute(
                "CREATE TABLE nodes(level INTEGER NOT NULL, position BIGINT NOT NULL,"
                        + " hash BYTEA NOT NULL, PRIMARY KEY(level, position))");
        statement.execute("CREATE TABLE checkpoints(size BIGINT PRIMARY KEY, note TEXT NOT NULL)");
        statement.execute(
                "CREATE TABLE lease(term BIGINT NOT NULL, holder TEXT NOT NULL,"
                        + " expires TIMESTAMPTZ NOT NULL)");
        statement.execute("INSERT INTO lease VALUES (0, 'nobody', '-infinity')");
    }

    /** The log's name, which is {@code origin} from now on if it has none yet. */
    static String named(Connection connection, String origin) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement(
                        "INSERT INTO log SELECT ?, ? WHERE NOT EXISTS (SELECT * FROM log)")) {
            insert.setInt(1, LogStore.FORMAT);
            insert.setString(2, origin);
            insert.execute();
        }
        return name(connection);
    }

    /** Whether nothing was ever written to the log here. */
    static boolean empty(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (!exists(statement)) {
                return true;
            }
            try (ResultSet row =
                    statement.executeQuery("SELECT NOT EXISTS (SELECT * FROM entries)")) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /** The log's name. */
    static String name(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (!exists(statement)) {
                throw new SQLException(
                        "the database is empty; 'tapestry coordinator move' brings the log there");
            }
            try (ResultSet row = statement.executeQuery("SELECT format, origin FROM log")) {
                if (!row.next() || row.getInt(1) != LogStore.FORMAT) {
                    throw new SQLException("it holds no log of format " + LogStore.FORMAT);
                }
                return row.getString(2);
            }
        }
    }
}
