package dev.tapestry.trust.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditLogTest {

    private static final String ORIGIN = "tapestry.example/consortium";

    @TempDir Path directory;

    @Test
    void what_was_appended_is_there_after_opening_again() {
        Path file = directory.resolve("log.db");
        try (AuditLog log = AuditLog.open(file, ORIGIN)) {
            assertThat(log.size()).isZero();
            assertThat(log.append(bodies(0, 3))).isEqualTo(3);
            assertThat(log.append(bodies(3, 10))).isEqualTo(10);
            assertThat(log.append(List.of())).isEqualTo(10);
        }
        try (AuditLog log = AuditLog.open(file, ORIGIN)) {
            assertThat(log.size()).isEqualTo(10);
            assertThat(log.read(2, 5)).containsExactlyElementsOf(bodies(2, 5));
            log.append(bodies(10, 11));
            assertThat(log.read(0, 11)).containsExactlyElementsOf(bodies(0, 11));
        }
    }

    @Test
    void all_its_proofs_are_good_however_it_was_cut_into_transactions() {
        try (AuditLog log = AuditLog.open(directory.resolve("log.db"), ORIGIN)) {
            for (int size = 0, step = 1; size < 40; step = step % 5 + 1) {
                int to = Math.min(40, size + step);
                log.append(bodies(size, to));
                size = to;
            }
            for (int size = 1; size <= 40; size++) {
                for (int index = 0; index < size; index++) {
                    assertThat(
                                    log.inclusionProof(index, size)
                                            .proves(
                                                    bodies(index, index + 1).getFirst(),
                                                    log.root(size)))
                            .isTrue();
                }
                assertThat(
                                log.consistencyProof(size / 2, size)
                                        .proves(log.root(size / 2), log.root(size)))
                        .isTrue();
            }
        }
    }

    @Test
    void a_checkpoint_is_signed_kept_and_believed_with_its_key_only() {
        SigningKey key = SigningKey.generate();
        Path file = directory.resolve("log.db");
        try (AuditLog log = AuditLog.open(file, ORIGIN)) {
            assertThat(log.latestCheckpoint()).isEmpty();
            log.append(bodies(0, 5));
            SignedNote note = log.checkpoint(key);
            Checkpoint checkpoint =
                    Checkpoint.verified(note.toString(), ORIGIN, key.verifyingKey());
            assertThat(checkpoint).isEqualTo(new Checkpoint(ORIGIN, 5, log.root()));
            assertThatThrownBy(() ->
                            Checkpoint.verified(
                                    note.toString(), ORIGIN, SigningKey.generate().verifyingKey()))
                    .isInstanceOf(TrustException.class);
            log.append(bodies(5, 6));
            assertThat(log.latestCheckpoint()).contains(note);
        }
        try (AuditLog log = AuditLog.readOnly(file)) {
            assertThat(log.latestCheckpoint()).isPresent();
            assertThat(log.origin()).isEqualTo(ORIGIN);
        }
    }

    @Test
    void readers_see_what_the_writer_appends_and_cannot_write() {
        Path file = directory.resolve("log.db");
        try (AuditLog writer = AuditLog.open(file, ORIGIN);
                AuditLog reader = AuditLog.readOnly(file)) {
            writer.append(bodies(0, 2));
            assertThat(reader.size()).isEqualTo(2);
            writer.append(bodies(2, 7));
            assertThat(reader.root()).isEqualTo(writer.root());
            assertThatThrownBy(() -> reader.append(bodies(0, 1)))
                    .hasMessageContaining("reading only");
            assertThatThrownBy(() -> reader.checkpoint(SigningKey.generate()))
                    .hasMessageContaining("reading only");
        }
    }

    @Test
    void a_second_writer_in_this_process_is_refused() {
        Path file = directory.resolve("log.db");
        try (AuditLog first = AuditLog.open(file, ORIGIN)) {
            assertThatThrownBy(() -> AuditLog.open(file, ORIGIN))
                    .isInstanceOfSatisfying(
                            TrustException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.LOG_IN_USE));
            assertThat(first.append(bodies(0, 1))).isEqualTo(1);
        }
        AuditLog.open(file, ORIGIN).close();
    }

    @Test
    void a_second_writing_process_is_refused_with_the_number_of_the_first() throws Exception {
        Path file = directory.resolve("log.db");
        try (AuditLog first = AuditLog.open(file, ORIGIN)) {
            assertThat(first.size()).isZero();
            Process second =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "--enable-native-access=ALL-UNNAMED",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    OpenLog.class.getName(),
                                    file.toString())
                            .redirectErrorStream(true)
                            .start();
            String output = new String(second.getInputStream().readAllBytes(), UTF_8);
            assertThat(second.waitFor()).isEqualTo(3);
            assertThat(output).contains("LOG_IN_USE", "" + ProcessHandle.current().pid());
        }
    }

    /** The second process. */
    static final class OpenLog {
        public static void main(String[] arguments) {
            try (AuditLog log = AuditLog.open(Path.of(arguments[0]), ORIGIN)) {
                System.out.println("opened with " + log.size());
            } catch (TrustException e) {
                System.out.println(e.code() + " " + e.getMessage());
                System.exit(3);
            }
        }
    }

    @Test
    void a_log_of_another_name_and_a_file_that_is_no_log_are_refused() throws Exception {
        Path file = directory.resolve("log.db");
        AuditLog.open(file, ORIGIN).close();
        assertThatThrownBy(() -> AuditLog.open(file, "other"))
                .hasMessageContaining("it is the log of '" + ORIGIN + "'");
        AuditLog.open(file, ORIGIN).close(); // the refusal gave the lock back

        Path noLog =
                Files.writeString(
                        directory.resolve("text.db"), "not a database at all ".repeat(99));
        assertThatThrownBy(() -> AuditLog.open(noLog, ORIGIN)).isInstanceOf(TrustException.class);
        assertThatThrownBy(() -> AuditLog.readOnly(noLog)).isInstanceOf(TrustException.class);
        assertThatThrownBy(() -> AuditLog.readOnly(directory.resolve("none.db")))
                .hasMessageContaining("there is no log");
    }

    @Test
    void a_transaction_that_cannot_end_leaves_nothing() {
        try (AuditLog log = AuditLog.open(directory.resolve("log.db"), ORIGIN)) {
            log.append(bodies(0, 3));
            List<byte[]> tooLarge = new ArrayList<>(bodies(3, 5));
            tooLarge.add(new byte[AuditLog.MAX_ENTRY_BYTES + 1]);
            assertThatThrownBy(() -> log.append(tooLarge)).hasMessageContaining("too large");
            assertThat(log.size()).isEqualTo(3);
            assertThat(log.append(bodies(3, 4))).isEqualTo(4);
        }
    }

    @Test
    void a_writer_that_knows_another_size_is_refused() {
        try (AuditLog log = AuditLog.open(directory.resolve("log.db"), ORIGIN)) {
            assertThat(log.append(0, bodies(0, 3))).isEqualTo(3);
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
    void asking_beyond_the_end_is_refused() {
        try (AuditLog log = AuditLog.open(directory.resolve("log.db"), ORIGIN)) {
            log.append(bodies(0, 3));
            assertThatThrownBy(() -> log.read(0, 4)).hasMessageContaining("log of 3");
            assertThatThrownBy(() -> log.read(2, 1)).isInstanceOf(TrustException.class);
            assertThatThrownBy(() -> log.inclusionProof(0, 4)).hasMessageContaining("has 3");
            assertThatThrownBy(() -> log.consistencyProof(3, 2)).isInstanceOf(TrustException.class);
        }
    }

    private static List<byte[]> bodies(int from, int to) {
        List<byte[]> bodies = new ArrayList<>();
        for (int i = from; i < to; i++) {
            bodies.add(("{\"event\":" + i + "}").getBytes(UTF_8));
        }
        return bodies;
    }
}
