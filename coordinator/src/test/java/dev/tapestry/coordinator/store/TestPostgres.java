package dev.tapestry.coordinator.store;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** A real PostgreSQL server on loopback, one for all tests of a process; each test has a schema. */
public final class TestPostgres {

    private static final AtomicInteger SCHEMAS = new AtomicInteger();

    private TestPostgres() {}

    private static final class Running {
        static final EmbeddedPostgres SERVER = started();

        private static EmbeddedPostgres started() {
            try {
                // Without this it would not be told to keep what it promises.
                return EmbeddedPostgres.builder().setServerConfig("fsync", "on").start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Where it listens. */
    public static int port() {
        return Running.SERVER.getPort();
    }

    /** The address of a new, empty schema. */
    public static String url() {
        String schema = "s" + SCHEMAS.incrementAndGet();
        sql("CREATE SCHEMA " + schema);
        return url(port(), schema);
    }

    /** The same schema by way of another port. */
    static String through(int port, String url) {
        // Without named statements, so that the words of each can be read on the line.
        return url(port, url.substring(url.lastIndexOf('=') + 1)) + "&prepareThreshold=0";
    }

    private static String url(int port, String schema) {
        return "jdbc:postgresql://localhost:%d/postgres?currentSchema=%s".formatted(port, schema);
    }

    /** A server with this lease. */
    static PostgresServer server(String url, Duration lease) {
        return new PostgresServer(url, "postgres", "", lease);
    }

    /** Runs a statement as the database's owner. */
    public static void sql(String statement) {
        try (Connection connection = Running.SERVER.getPostgresDatabase().getConnection();
                Statement running = connection.createStatement()) {
            running.execute(statement);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
