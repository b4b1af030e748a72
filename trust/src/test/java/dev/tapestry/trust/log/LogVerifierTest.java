package dev.tapestry.trust.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.log.Verdict.Broken;
import dev.tapestry.trust.log.Verdict.Damage;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ten entries, checkpoints over 4 and 8; then somebody edits the file. */
class LogVerifierTest {

    private static final String ORIGIN = "tapestry.example/consortium";

    @TempDir Path directory;
    private Path file = Path.of("");
    private final SigningKey key = SigningKey.generate();
    private Checkpoint four = new Checkpoint(ORIGIN, 0, Digest.of(new byte[0]));

    @BeforeEach
    void a_log() {
        file = directory.resolve("log.db");
        try (AuditLog log = AuditLog.open(file, ORIGIN)) {
            log.append(bodies(0, 4));
            log.checkpoint(key);
            four = new Checkpoint(ORIGIN, 4, log.root());
            log.append(bodies(4, 8));
            log.checkpoint(key);
            log.append(bodies(8, 10));
        }
    }

    @Test
    void a_log_that_nobody_touched_is_whole() {
        try (AuditLog log = AuditLog.readOnly(file)) {
            assertThat(verify()).isEqualTo(new Verdict.Whole(10, log.root(), 8));
            assertThat(LogVerifier.verify(file, LogKeys.of(key.verifyingKey()), List.of(four)))
                    .isInstanceOf(Verdict.Whole.class);
        }
    }

    @Test
    void a_log_can_be_verified_while_it_is_written_and_from_a_copy() throws Exception {
        try (AuditLog log = AuditLog.open(file, ORIGIN)) {
            log.append(bodies(10, 12));
            assertThat(verify()).isInstanceOf(Verdict.Whole.class);
        }
        Files.copy(file, directory.resolve("copy.db"));
        assertThat(LogVerifier.verify(directory.resolve("copy.db"), key.verifyingKey()))
                .isInstanceOfSatisfying(
                        Verdict.Whole.class, whole -> assertThat(whole.size()).isEqualTo(12));
    }

    @Test
    void an_empty_log_is_whole() {
        Path empty = directory.resolve("empty.db");
        AuditLog.open(empty, ORIGIN).close();
        assertThat(LogVerifier.verify(empty, key.verifyingKey()))
                .isEqualTo(new Verdict.Whole(0, Digest.of(new byte[0]), 0));
    }

    @Test
    void a_changed_body_is_found() throws Exception {
        edit("UPDATE entries SET body = x'7b7d' WHERE position = 5");
        assertBroken(5, Damage.TAMPERED);
    }

    @Test
    void a_changed_body_after_the_last_checkpoint_is_found() throws Exception {
        edit("UPDATE entries SET body = x'7b7d' WHERE position = 9");
        assertBroken(9, Damage.TAMPERED);
    }

    @Test
    void a_removed_entry_is_found() throws Exception {
        edit("DELETE FROM entries WHERE position = 6");
        assertBroken(6, Damage.MISSING);
        edit("DELETE FROM entries WHERE position = 0");
        assertBroken(0, Damage.MISSING);
    }

    @Test
    void entries_that_changed_places_are_found() throws Exception {
        edit(
                "UPDATE entries SET position = 100 WHERE position = 2",
                "UPDATE entries SET position = 2 WHERE position = 7",
                "UPDATE entries SET position = 7 WHERE position = 100");
        assertBroken(2, Damage.REORDERED);
    }

    @Test
    void an_entry_that_was_taken_out_with_the_gap_closed_is_found() throws Exception {
        edit(
                "DELETE FROM entries WHERE position = 3",
                "UPDATE entries SET position = position - 1 WHERE position > 3");
        assertBroken(3, Damage.REORDERED);
    }

    @Test
    void a_log_cut_off_before_its_last_checkpoint_is_found() throws Exception {
        edit("DELETE FROM entries WHERE position >= 6", "DELETE FROM nodes WHERE position >= 6");
        edit("DELETE FROM nodes WHERE (position + 1) << level > 6");
        assertBroken(6, Damage.TRUNCATED);
    }

    @Test
    void a_log_cut_off_after_its_last_checkpoint_is_found_by_its_tree() throws Exception {
        edit("DELETE FROM entries WHERE position = 9");
        assertBroken(9, Damage.TRUNCATED);
    }

    @Test
    void a_changed_inner_hash_is_found() throws Exception {
        edit("UPDATE nodes SET hash = zeroblob(32) WHERE level = 1 AND position = 2");
        assertBroken(4, Damage.TREE_DAMAGED);
        edit("DELETE FROM nodes WHERE level = 0 AND position = 1");
        assertBroken(1, Damage.TREE_DAMAGED);
    }

    @Test
    void a_history_written_anew_without_the_key_is_found_by_the_checkpoint() throws Exception {
        Path forged = directory.resolve("forged.db");
        try (AuditLog log = AuditLog.open(forged, ORIGIN)) {
            log.append(bodies(0, 4));
            log.append(List.of("{\"event\":\"forged\"}".getBytes(UTF_8)));
            log.append(bodies(5, 10));
        }
        edit(
                "ATTACH '" + forged + "' AS f",
                "DELETE FROM entries",
                "DELETE FROM nodes",
                "INSERT INTO entries SELECT * FROM f.entries",
                "INSERT INTO nodes SELECT * FROM f.nodes");
        assertBroken(4, Damage.TAMPERED);
        assertThat(verify().toString()).contains("between the entries 4 and 7");
    }

    @Test
    void a_second_history_signed_with_the_real_key_is_found_by_whoever_remembers_the_first() {
        Path second = directory.resolve("second.db");
        try (AuditLog log = AuditLog.open(second, ORIGIN)) {
            log.append(bodies(1, 9));
            log.checkpoint(key);
        }
        assertThat(LogVerifier.verify(second, key.verifyingKey()))
                .isInstanceOf(Verdict.Whole.class);
        assertThat(LogVerifier.verify(second, LogKeys.of(key.verifyingKey()), List.of(four)))
                .isInstanceOfSatisfying(
                        Broken.class, b -> assertThat(b.damage()).isEqualTo(Damage.TAMPERED));
    }

    @Test
    void a_checkpoint_that_another_key_signed_or_that_was_edited_is_found() throws Exception {
        edit(
                "UPDATE checkpoints SET note = replace(note, char(10) || '8' || char(10), char(10) || '9' || char(10))"
                        + " WHERE size = 8");
        assertBroken(8, Damage.BAD_CHECKPOINT);
        edit("UPDATE checkpoints SET note = 'gibberish' WHERE size = 4");
        assertBroken(4, Damage.BAD_CHECKPOINT);
        assertThat(LogVerifier.verify(file, SigningKey.generate().verifyingKey()))
                .isInstanceOf(Broken.class);
    }

    @Test
    void a_checkpoint_filed_under_another_size_is_found() throws Exception {
        edit("DELETE FROM checkpoints WHERE size = 4", "UPDATE checkpoints SET size = 4");
        assertBroken(4, Damage.BAD_CHECKPOINT);
    }

    @Test
    void a_file_with_other_tables_or_none_is_unreadable() throws Exception {
        edit("DROP TABLE nodes");
        assertBroken(0, Damage.UNREADABLE);
        edit("DROP TABLE log");
        assertBroken(0, Damage.UNREADABLE);
    }

    private Verdict verify() {
        return LogVerifier.verify(file, key.verifyingKey());
    }

    private void assertBroken(long index, Damage damage) {
        assertThat(verify())
                .isInstanceOfSatisfying(
                        Broken.class,
                        broken -> {
                            assertThat(broken.damage()).isEqualTo(damage);
                            assertThat(broken.index()).isEqualTo(index);
                        });
    }

    private void edit(String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
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
