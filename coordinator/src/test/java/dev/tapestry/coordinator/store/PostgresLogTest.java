package dev.tapestry.coordinator.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.LogStore;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.BufferedReader;
import java.io.IOException;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PostgresLogTest extends LogContract {

    private static final Duration LEASE = Duration.ofSeconds(1);
    private static final String ME = "process " + ProcessHandle.current().pid();

    private String url = "";

    @BeforeEach
    void schema() {
        url = TestPostgres.url();
    }

    static AuditLog opened(String url, Duration lease, String origin) throws InterruptedException {
        PostgresServer server = TestPostgres.server(url, lease);
        Lease held = Lease.await(server, ME, _ -> {});
        return AuditLog.in(PostgresLogStore.writable(server, held, origin));
    }

    @Override
    AuditLog writer(String origin) throws InterruptedException {
        return opened(url, LEASE, origin);
    }

    @Override
    LogStore reader() {
        return PostgresLogStore.readable(TestPostgres.server(url, LEASE));
    }

    @Override
    String secondWriter() throws InterruptedException {
        CompletableFuture<String> leader = new CompletableFuture<>();
        Thread standby = standby(leader);
        String said = leader.join();
        standby.interrupt();
        standby.join();
        return said;
    }

    private Thread standby(CompletableFuture<String> leader) {
        return Thread.ofVirtual()
                .start(() -> {
                    try {
                        Lease.await(TestPostgres.server(url, LEASE), "second", leader::complete)
                                .close();
                    } catch (InterruptedException _) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    @Override
    List<String> place() {
        return List.of(url, LEASE.toString());
    }

    @Test
    void a_writer_that_slept_through_its_lease_cannot_append_when_it_wakes()
            throws IOException, InterruptedException {
        Process zombie = Appending.start(place());
        try (BufferedReader said = zombie.inputReader(UTF_8)) {
            assertThat(said.readLine()).matches("[0-9]+");
            signal("STOP", zombie);
            try (AuditLog successor = writer(ORIGIN)) {
                long size = successor.size();
                successor.append(size, bodies((int) size, (int) size + 1));
                signal("CONT", zombie);
                String last = "";
                for (String line; (line = said.readLine()) != null; ) {
                    last = line;
                }
                assertThat(zombie.waitFor()).isEqualTo(3);
                // A transaction that it slept in was ended by the server; then it could not be
                // known what became of it.
                assertThat(last).isIn(Code.LOG_LEASE_LOST.name(), Code.STORAGE.name());
                assertThat(successor.size()).isEqualTo(size + 1);
                assertThat(successor.append(size + 1, bodies((int) size + 1, (int) size + 2)))
                        .isEqualTo(size + 2);
            }
        } finally {
            zombie.destroyForcibly().waitFor();
        }
    }

    private static void signal(String name, Process process)
            throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start();
        assertThat(kill.waitFor()).isZero();
    }

    @Test
    void a_term_that_was_taken_over_is_refused_in_the_transaction_that_writes()
            throws InterruptedException {
        PostgresServer server = TestPostgres.server(url, LEASE);
        try (Lease first = Lease.await(server, ME, _ -> {});
                AuditLog log = AuditLog.in(PostgresLogStore.writable(server, first, ORIGIN))) {
            log.append(bodies(0, 2));
            sql("UPDATE %s.lease SET term = term + 1, holder = 'the other'");
            assertThatThrownBy(() -> log.append(2, bodies(2, 3)))
                    .isInstanceOfSatisfying(
                            TrustException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.LOG_LEASE_LOST))
                    .hasMessageContaining("now the other (term 2) leads");
            assertThat(log.size()).isEqualTo(2);
            assertThatThrownBy(first::confirm).hasMessageContaining("the other");
            assertThat(first.held()).isFalse();
            assertThat(first.lost().join().code()).isEqualTo(Code.LOG_LEASE_LOST);
        }
    }

    @Test
    void whoever_stands_by_leads_at_once_when_the_leader_closes() throws InterruptedException {
        PostgresServer server = TestPostgres.server(url, Duration.ofMinutes(5));
        Lease first = Lease.await(server, ME, _ -> {});
        CompletableFuture<String> told = new CompletableFuture<>();
        CompletableFuture<Lease> second = new CompletableFuture<>();
        Thread standby =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                second.complete(Lease.await(server, "second", told::complete));
                            } catch (InterruptedException e) {
                                second.completeExceptionally(e);
                            }
                        });
        assertThat(told.join()).isEqualTo(ME + " (term 1)");
        first.close();
        try (Lease taken = second.join()) {
            assertThat(taken.term()).isEqualTo(2);
            assertThat(taken.held()).isTrue();
        }
        standby.join();
    }

    @Test
    void a_connection_that_died_while_nobody_used_it_costs_nothing() throws InterruptedException {
        try (AuditLog log = writer(ORIGIN)) {
            log.append(bodies(0, 2));
            cutAll();
            assertThat(log.append(2, bodies(2, 4))).isEqualTo(4);
            cutAll();
            assertThat(log.read(0, 4)).containsExactlyElementsOf(bodies(0, 4));
        }
    }

    @Test
    void a_commit_whose_answer_was_lost_is_found_again() throws Exception {
        try (Cable cable = Cable.to(TestPostgres.port());
                AuditLog log = opened(TestPostgres.through(cable.port(), url), LEASE, ORIGIN)) {
            log.append(bodies(0, 2));
            cable.loseAnswerTo("COMMIT", "INSERT INTO entries");
            assertThat(log.append(2, bodies(2, 5))).isEqualTo(5);
            assertThat(cable.lost()).isTrue();
            assertThat(log.append(5, bodies(5, 6))).isEqualTo(6);
            assertThat(log.read(0, 6)).containsExactlyElementsOf(bodies(0, 6));
        }
    }

    @Test
    void while_the_server_is_away_appends_are_refused_and_the_same_go_through_when_it_is_back()
            throws Exception {
        try (Cable cable = Cable.to(TestPostgres.port())) {
            PostgresServer server =
                    TestPostgres.server(TestPostgres.through(cable.port(), url), LEASE);
            try (Lease lease = Lease.await(server, ME, _ -> {});
                    AuditLog log = AuditLog.in(PostgresLogStore.writable(server, lease, ORIGIN))) {
                log.append(bodies(0, 2));
                cable.unplug();
                assertThatThrownBy(() -> log.append(2, bodies(2, 3)))
                        .isInstanceOfSatisfying(
                                TrustException.class,
                                e -> assertThat(e.code()).isEqualTo(Code.STORAGE));
                await().until(() -> !lease.held());
                cable.plug();
                await().until(lease::held);
                assertThat(log.append(2, bodies(2, 3))).isEqualTo(3);
                cable.unplug();
                assertThat(lease.lost().join())
                        .hasMessageContaining("has not answered")
                        .satisfies(e -> assertThat(e.code()).isEqualTo(Code.LOG_LEASE_LOST));
            }
        }
    }

    /** Somebody else has locked its row, for longer than anybody waits. */
    @Test
    void a_lease_is_closed_although_the_database_hangs_in_its_renewal() throws Exception {
        PostgresServer server = TestPostgres.server(url, Duration.ofHours(1));
        Lease held = Lease.await(server, ME, _ -> {});
        try (Connection other = server.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("SELECT term FROM lease FOR UPDATE");
            CompletableFuture<Void> hangs =
                    CompletableFuture.runAsync(held::confirm, Thread::startVirtualThread);
            await().atMost(Duration.ofMinutes(1)).until(held::isAsking);
            CompletableFuture.runAsync(held::close, Thread::startVirtualThread)
                    .get(60, TimeUnit.SECONDS);
            assertThat(hangs.handle((_, _) -> "ended").get(60, TimeUnit.SECONDS))
                    .isEqualTo("ended");
        }
    }

    @Test
    void a_server_that_does_not_keep_what_it_promises_is_refused() throws IOException {
        try (EmbeddedPostgres careless = EmbeddedPostgres.start()) {
            PostgresServer server =
                    TestPostgres.server(careless.getJdbcUrl("postgres", "postgres"), LEASE);
            assertThatThrownBy(() -> Lease.await(server, ME, _ -> {}))
                    .isInstanceOfSatisfying(
                            TrustException.class, e -> assertThat(e.code()).isEqualTo(Code.STORAGE))
                    .hasMessageContaining("fsync = off");
        }
    }

    private void sql(String statement) {
        TestPostgres.sql(statement.replace("%s", url.substring(url.lastIndexOf('=') + 1)));
    }

    private void cutAll() {
        sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        + " WHERE application_name = 'tapestry coordinator'");
    }
}
