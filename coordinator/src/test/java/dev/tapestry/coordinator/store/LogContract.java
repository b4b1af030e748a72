package dev.tapestry.coordinator.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.LogKeys;
import dev.tapestry.trust.log.LogStore;
import dev.tapestry.trust.log.LogVerifier;
import dev.tapestry.trust.log.Verdict;
import dev.tapestry.trust.signature.SigningKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a log promises wherever its tables are. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
abstract class LogContract {

    static final String ORIGIN = "tapestry.example/consortium";

    /** Entries of each append of a process that is killed. */
    private static final int BATCH = 40;

    /** Opens the log for writing. */
    abstract AuditLog writer(String origin) throws InterruptedException;

    /** Opens the log's tables for reading. */
    abstract LogStore reader();

    /** Tries to write while somebody does; says who. */
    abstract String secondWriter() throws InterruptedException;

    /** The words for {@link Appending#main}, in a process of its own. */
    abstract List<String> place();

    @Test
    void what_was_appended_is_there_after_opening_again() throws InterruptedException {
        try (AuditLog log = writer(ORIGIN)) {
            assertThat(log.size()).isZero();
            assertThat(log.append(bodies(0, 3))).isEqualTo(3);
            assertThat(log.append(3, bodies(3, 10))).isEqualTo(10);
            assertThat(log.append(List.of())).isEqualTo(10);
        }
        try (AuditLog log = writer(ORIGIN)) {
            assertThat(log.size()).isEqualTo(10);
            assertThat(log.origin()).isEqualTo(ORIGIN);
            assertThat(log.read(2, 5)).containsExactlyElementsOf(bodies(2, 5));
            log.append(bodies(10, 11));
            assertThat(log.read(0, 11)).containsExactlyElementsOf(bodies(0, 11));
            assertThatThrownBy(() -> log.read(0, 12)).hasMessageContaining("log of 11");
            assertThatThrownBy(() -> log.read(2, 1)).isInstanceOf(TrustException.class);
            assertThat(log.inclusionProof(4, 11).proves(bodies(4, 5).getFirst(), log.root()))
                    .isTrue();
            assertThat(log.consistencyProof(5, 11).proves(log.root(5), log.root())).isTrue();
        }
    }

    @Test
    void a_writer_that_knows_another_size_is_refused_and_writes_nothing()
            throws InterruptedException {
        try (AuditLog log = writer(ORIGIN)) {
            log.append(0, bodies(0, 3));
            for (long other : List.of(0L, 2L, 4L)) {
                assertThatThrownBy(() -> log.append(other, bodies(3, 5)))
                        .isInstanceOfSatisfying(
                                TrustException.class,
                                e -> assertThat(e.code()).isEqualTo(Code.LOG_MOVED_ON));
            }
            assertThat(log.append(3, bodies(3, 5))).isEqualTo(5);
            assertThat(log.read(0, 5)).containsExactlyElementsOf(bodies(0, 5));
        }
    }

    @Test
    void a_checkpoint_is_kept_and_may_be_signed_again() throws InterruptedException {
        SigningKey key = SigningKey.generate();
        try (AuditLog log = writer(ORIGIN)) {
            assertThat(log.latestCheckpoint()).isEmpty();
            log.append(bodies(0, 5));
            log.checkpoint(key);
            log.checkpoint(key);
            log.append(bodies(5, 6));
        }
        try (AuditLog log = writer(ORIGIN)) {
            assertThat(
                            Checkpoint.verified(
                                    log.latestCheckpoint().orElseThrow().toString(),
                                    ORIGIN,
                                    key.verifyingKey()))
                    .isEqualTo(new Checkpoint(ORIGIN, 5, log.root(5)));
        }
    }

    @Test
    void readers_see_what_the_writer_appends_and_cannot_write() throws InterruptedException {
        try (AuditLog writer = writer(ORIGIN)) {
            writer.append(bodies(0, 2));
            try (AuditLog reader = AuditLog.in(reader())) {
                assertThat(reader.origin()).isEqualTo(ORIGIN);
                writer.append(bodies(2, 7));
                assertThat(reader.root()).isEqualTo(writer.root());
                assertThatThrownBy(() -> reader.append(bodies(0, 1)))
                        .hasMessageContaining("reading only");
                assertThatThrownBy(() -> reader.checkpoint(SigningKey.generate()))
                        .hasMessageContaining("reading only");
            }
        }
    }

    @Test
    void a_second_writer_has_to_wait_or_is_refused_and_hears_who_writes()
            throws InterruptedException {
        try (AuditLog first = writer(ORIGIN)) {
            assertThat(secondWriter()).contains(Long.toString(ProcessHandle.current().pid()));
            assertThat(first.append(bodies(0, 1))).isEqualTo(1);
        }
        try (AuditLog next = writer(ORIGIN)) {
            assertThat(next.append(bodies(1, 2))).isEqualTo(2);
        }
    }

    @Test
    void the_log_of_another_consortium_is_refused() throws InterruptedException {
        writer(ORIGIN).close();
        assertThatThrownBy(() -> writer("other"))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.LOG_UNREADABLE))
                .hasMessageContaining("log of '" + ORIGIN + "'");
        writer(ORIGIN).close(); // the refusal gave the right to write back
    }

    @Test
    void a_writer_that_is_killed_while_it_appends_leaves_whole_appends_and_all_it_had_confirmed()
            throws IOException, InterruptedException {
        writer(ORIGIN).close();
        Process writing = Appending.start(place());
        long confirmed = 0;
        try (BufferedReader said = writing.inputReader(UTF_8)) {
            while (confirmed < 5 * BATCH) {
                String line = said.readLine();
                assertThat(line).as("the writer ended").isNotNull();
                confirmed = Long.parseLong(line);
            }
            writing.toHandle().destroyForcibly();
            for (String line; (line = said.readLine()) != null; ) {
                confirmed = Long.parseLong(line);
            }
        } finally {
            writing.destroyForcibly().waitFor();
        }
        SigningKey key = SigningKey.generate();
        try (AuditLog log = writer(ORIGIN)) {
            long size = log.size();
            assertThat(size).isGreaterThanOrEqualTo(confirmed);
            assertThat(size % BATCH).isZero();
            log.append(size, bodies((int) size, (int) size + 1));
            log.checkpoint(key);
            assertThat(log.read(0, size + 1)).containsExactlyElementsOf(bodies(0, (int) size + 1));
        }
        try (LogStore store = reader()) {
            assertThat(LogVerifier.verify(store, LogKeys.of(key.verifyingKey()), List.of()))
                    .isInstanceOf(Verdict.Whole.class);
        }
    }

    static List<byte[]> bodies(int from, int to) {
        List<byte[]> bodies = new ArrayList<>();
        for (int i = from; i < to; i++) {
            bodies.add(("{\"event\":" + i + "}").getBytes(UTF_8));
        }
        return bodies;
    }

    /** Appends batch after batch for as long as this process lives, and says each size. */
    static void appendAlways(AuditLog log) {
        while (true) {
            int size = (int) log.size();
            System.out.println(log.append(size, bodies(size, size + BATCH)));
        }
    }
}
