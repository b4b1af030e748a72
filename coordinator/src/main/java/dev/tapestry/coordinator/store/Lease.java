package dev.tapestry.coordinator.store;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The right to lead: a term, and a time by the database's clock until which it lasts unless it is
 * renewed. A thread renews it three times as often as it must.
 *
 * <p>The time decides when somebody else may try; what may be written is decided by the term alone,
 * in the transaction that writes. A clock that is wrong or a process that sleeps can therefore
 * delay a change of leader, but never let two write.
 */
public final class Lease implements Leadership, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Lease.class.getName());
    private static final int RENEWALS = 3;

    /** Without an answer for so many leases, this one steps down: others may reach the database. */
    private static final int SILENT_LEASES = 5;

    private final PostgresServer server;
    private final String holder;
    private final long term;
    private final CompletableFuture<TrustException> lost = new CompletableFuture<>();
    private final Thread renewing;
    private final ReentrantLock asking = new ReentrantLock();
    private volatile @Nullable Connection connection;
    private volatile long renewedAt;
    private volatile boolean closed;
    private boolean silent;

    private Lease(
            PostgresServer server, String holder, Connection connection, long term, long takenAt) {
        this.server = server;
        this.holder = holder;
        this.connection = connection;
        this.term = term;
        this.renewedAt = takenAt;
        this.renewing = Thread.ofPlatform().daemon().name("lease").unstarted(this::renewAlways);
    }

    /**
     * Takes the lease as soon as nobody holds it.
     *
     * @param holder a name by which people know this process
     * @param waiting told once who leads, if somebody does
     * @throws TrustException {@code STORAGE} if the database cannot be reached at first; later it
     *     is waited for
     */
    public static Lease await(PostgresServer server, String holder, Consumer<String> waiting)
            throws InterruptedException {
        Connection connection = server.asking("take the lease", () -> prepared(server));
        boolean told = false;
        boolean silent = false;
        while (true) {
            try {
                if (connection.isClosed()) {
                    connection = server.connect();
                }
                long now = System.nanoTime();
                long term = take(connection, server, holder);
                if (term > 0) {
                    Lease lease = new Lease(server, holder, connection, term, now);
                    lease.renewing.start();
                    return lease;
                }
                if (!told) {
                    waiting.accept(leader(connection));
                    told = true;
                }
                silent = false;
                Thread.sleep(pause(server.lease()));
            } catch (SQLException e) {
                if (!silent) {
                    silent = true;
                    LOG.log(System.Logger.Level.WARNING, "waiting to lead: " + e.getMessage());
                }
                PostgresServer.closeQuietly(connection);
                Thread.sleep(pause(server.lease()).multipliedBy(2));
            } catch (InterruptedException | RuntimeException e) {
                PostgresServer.closeQuietly(connection);
                throw e;
            }
        }
    }

    private static Duration pause(Duration lease) {
        Duration tenth = lease.dividedBy(10);
        return tenth.compareTo(Duration.ofSeconds(1)) < 0 ? tenth : Duration.ofSeconds(1);
    }

    private static Connection prepared(PostgresServer server) throws SQLException {
        Connection connection = server.connect();
        try {
            PostgresTables.create(connection);
            return connection;
        } catch (SQLException e) {
            PostgresServer.closeQuietly(connection);
            throw e;
        }
    }

    /** The new term; 0 while somebody else leads. */
    private static long take(Connection connection, PostgresServer server, String holder)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        "UPDATE lease SET term = term + 1, holder = ?,"
                                + " expires = clock_timestamp() + ? * interval '1 millisecond'"
                                + " WHERE expires <= clock_timestamp() RETURNING term")) {
            update.setString(1, holder);
            update.setLong(2, server.lease().toMillis());
            try (ResultSet row = update.executeQuery()) {
                return row.next() ? row.getLong(1) : 0;
            }
        }
    }

    /** Who leads, in words. */
    public static String leader(PostgresServer server) {
        return server.asking(
                "ask who leads",
                () -> {
                    try (Connection connection = server.connect();
                            PreparedStatement select =
                                    connection.prepareStatement(
                                            "SELECT holder, term, expires > clock_timestamp()"
                                                    + " FROM lease");
                            ResultSet row = select.executeQuery()) {
                        return row.next() && row.getBoolean(3)
                                ? "%s leads (term %d)".formatted(row.getString(1), row.getLong(2))
                                : "nobody leads";
                    }
                });
    }

    private static String leader(Connection connection) throws SQLException {
        try (PreparedStatement select =
                        connection.prepareStatement("SELECT holder, term FROM lease");
                ResultSet row = select.executeQuery()) {
            return row.next()
                    ? "%s (term %d)".formatted(row.getString(1), row.getLong(2))
                    : "nobody";
        }
    }

    /** Larger than that of whoever led before. */
    public long term() {
        return term;
    }

    @Override
    public boolean held() {
        return !lost.isDone() && System.nanoTime() - renewedAt < server.lease().toNanos();
    }

    @Override
    public CompletableFuture<TrustException> lost() {
        return lost.copy();
    }

    @Override
    public void confirm() {
        server.asking(
                "confirm the lease",
                () -> {
                    renew();
                    return true;
                });
        if (lost.isDone()) {
            throw lost.join();
        }
    }

    private void renewAlways() {
        try {
            while (!closed && !lost.isDone()) {
                Duration wait = server.lease().dividedBy(RENEWALS);
                try {
                    renew();
                    silent = false;
                } catch (SQLException e) {
                    unanswered(e);
                    wait = pause(server.lease());
                }
                Thread.sleep(wait);
            }
        } catch (InterruptedException _) {
            // closed
        } catch (RuntimeException e) {
            // Without this thread the lease ends, and whoever waits for that must hear of it.
            lost.complete(
                    new TrustException(
                            Code.LOG_LEASE_LOST,
                            "the lease is not renewed any more, by a fault of this program: " + e,
                            e));
        }
    }

    private void renew() throws SQLException {
        Optional<TrustException> taken;
        asking.lock();
        try {
            taken = closed || lost.isDone() ? Optional.empty() : asked();
        } finally {
            asking.unlock();
        }
        taken.ifPresent(lost::complete); // outside: whoever is told may close this
    }

    /** Renews it; why it is lost, if another one has it. */
    private Optional<TrustException> asked() throws SQLException {
        Connection current = connection;
        try {
            if (current == null || current.isClosed()) {
                current = server.connect();
                connection = current;
            }
            long asked = System.nanoTime();
            if (renewed(current)) {
                renewedAt = asked;
                return Optional.empty();
            }
            return Optional.of(taken(term, leader(current)));
        } catch (SQLException e) {
            if (current != null) {
                PostgresServer.closeQuietly(current);
            }
            throw e;
        }
    }

    private boolean renewed(Connection on) throws SQLException {
        try (PreparedStatement update =
                on.prepareStatement(
                        "UPDATE lease SET"
                                + " expires = clock_timestamp() + ? * interval '1 millisecond'"
                                + " WHERE term = ?")) {
            update.setLong(1, server.lease().toMillis());
            update.setLong(2, term);
            return update.executeUpdate() == 1;
        }
    }

    private void unanswered(SQLException e) {
        if (!silent) {
            silent = true;
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the lease is not renewed, nothing is changed until it is: " + e.getMessage());
        }
        Duration unknown = Duration.ofNanos(System.nanoTime() - renewedAt);
        if (unknown.compareTo(server.lease().multipliedBy(SILENT_LEASES)) > 0) {
            lost.complete(
                    new TrustException(
                            Code.LOG_LEASE_LOST,
                            "%s has not answered for %d seconds: another coordinator may lead by now. Start again when it answers"
                                    .formatted(server.name(), unknown.toSeconds()),
                            e));
        }
    }

    static TrustException taken(long term, String leader) {
        return new TrustException(
                Code.LOG_LEASE_LOST,
                "this coordinator led in term %d and was not heard of for a lease: now %s leads. Start again, and it stands by"
                        .formatted(term, leader));
    }

    /** Gives the lease back, so that the next one need not wait. */
    @Override
    public void close() {
        closed = true;
        renewing.interrupt();
        if (!isFree()) {
            breakOff(); // who waits for the database ends so, and the lease by itself
            return;
        }
        try {
            Connection current = connection;
            if (current != null) {
                giveBack(current);
            }
        } finally {
            asking.unlock();
        }
    }

    /** Takes the lock, unless somebody waits for the database for long. */
    private boolean isFree() {
        try {
            // At first without a look at interrupts: who is asked to stop gives it back too.
            return asking.tryLock()
                    || asking.tryLock(pause(server.lease()).toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Whether the database is being asked at this moment. */
    boolean isAsking() {
        return asking.isLocked();
    }

    private void breakOff() {
        Connection current = connection;
        if (current != null) {
            PostgresServer.closeQuietly(current);
        }
    }

    private void giveBack(Connection on) {
        try (PreparedStatement update =
                on.prepareStatement(
                        "UPDATE lease SET expires = clock_timestamp() WHERE term = ?")) {
            update.setLong(1, term);
            update.executeUpdate();
        } catch (SQLException _) {
            // It ends by itself.
        } finally {
            PostgresServer.closeQuietly(on);
        }
    }

    @Override
    public String toString() {
        return "%s, term %d".formatted(holder, term);
    }
}
