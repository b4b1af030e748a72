package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.store.LogSettings;
import dev.tapestry.coordinator.store.ObjectSettings;
import dev.tapestry.coordinator.store.TestPostgres;
import dev.tapestry.coordinator.store.TestS3;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BackupTest {

    private static final Wire CODED_STEPS =
            new Wire(Optional.empty(), Optional.of(new CodecName("int4/1")));

    @TempDir Path folder;

    /** A round is over, and half of the next one is there. */
    private Stage stage(String keys) {
        Stage stage =
                new Stage(folder.resolve("stage"), Stage.charter(2), 1, 2048)
                        .withMembers("ada", "bela");
        if (!keys.isEmpty()) {
            stage.store(keys);
        }
        stage.run(2, MergeRule.diLoCo(0.7, 0.9), CODED_STEPS);
        stage.member(0).takePart(1, Stage.SEED);
        stage.member(1).takePart(1, Stage.SEED + 1);
        stage.member(0).scoreWell(1);
        stage.member(1).scoreWell(1);
        stage.member(0).takePart(2, Stage.SEED + 2);
        return stage;
    }

    @Test
    void a_run_goes_on_from_a_backup_that_was_made_while_the_coordinator_ran() {
        try (Stage stage = stage("")) {
            goesOnFromABackup(stage);
        }
    }

    @Test
    void a_backup_of_shared_stores_is_a_directory_that_needs_neither() {
        ObjectSettings.S3 bucket = TestS3.running().bucket("");
        String keys =
                """
                log: {type: postgres, url: "%s", user: postgres, lease: PT30S}
                objects: {type: s3, bucket: %s, region: us-east-1, endpoint: "%s"}
                """
                        .formatted(
                                TestPostgres.url(),
                                bucket.bucket(),
                                bucket.endpoint().orElseThrow());
        try (Stage stage = stage(keys)) {
            goesOnFromABackup(stage);
        }
    }

    private void goesOnFromABackup(Stage stage) {
        Path backup = folder.resolve("backups/monday");
        long size = Backup.make(stage.directory, backup);
        assertThat(size).isEqualTo(stage.events().size());
        assertThatThrownBy(() -> Backup.make(stage.directory, backup))
                .hasMessageContaining("exists; name a new directory");
        assertThat(CoordinatorConfig.read(backup).log()).isEqualTo(new LogSettings.Sqlite());

        stage.stop();
        stage.directory = backup;
        stage.resume();
        stage.member(1).takePart(2, Stage.SEED + 3);
        stage.member(0).scoreWell(2);
        stage.member(1).scoreWell(2);
        stage.member(0).await(2, Phase.PUBLISHED);
        assertThat(VerifyLog.of(backup)).isInstanceOf(VerifyLog.Sound.class);
        assertThat(VerifyMerge.of(backup, new RoundNumber(2))).isInstanceOf(Matches.class);
    }

    @Test
    void secrets_stay_secret_and_files_of_rounds_that_are_over_stay_behind() throws IOException {
        try (Stage stage = stage("")) {
            Path backup = folder.resolve("monday");
            Backup.make(stage.directory, backup);
            try (Stream<Path> files = Files.walk(backup)) {
                for (Path file :
                        files.filter(f -> f.toString().matches(".*key.*\\.pem")).toList()) {
                    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .as(file.toString())
                            .isEqualTo("rw-------");
                }
            }
            assertThat(backup.resolve("contributions/1")).doesNotExist();
            assertThat(backup.resolve("contributions/2/ada")).isDirectory();
            assertThat(backup.resolve("contributions/2/bela")).doesNotExist();
            assertThat(backup.resolve("merging")).doesNotExist();
            assertThat(backup.resolve("fetching")).doesNotExist();
        }
    }

    @Test
    void a_file_that_is_damaged_or_gone_is_found_out_and_leaves_no_backup() throws IOException {
        try (Stage stage = stage("")) {
            Path backup = folder.resolve("monday");
            Digest momentum = stage.state().momentum().orElseThrow();
            Path state = stage.directory.resolve("momenta/outer-state-" + momentum);
            Files.move(state, folder.resolve("away"));
            assertThatThrownBy(() -> Backup.make(stage.directory, backup))
                    .isInstanceOfSatisfying(
                            CoordinatorException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.NOT_KEPT))
                    .hasMessageContaining("the outer state " + momentum);
            assertThat(backup).doesNotExist();
            Files.move(folder.resolve("away"), state);
            try (Stream<Path> files = Files.walk(stage.directory.resolve("models"))) {
                Path weights =
                        files.filter(f -> f.toString().contains(stage.base().hex() + "/"))
                                .filter(f -> f.toString().endsWith(".safetensors"))
                                .findFirst()
                                .orElseThrow();
                byte[] bytes = Files.readAllBytes(weights);
                bytes[bytes.length - 1] ^= 1;
                Files.write(weights, bytes);
            }
            assertThatThrownBy(() -> Backup.make(stage.directory, backup))
                    .isInstanceOfSatisfying(
                            CoordinatorException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.MODEL))
                    .hasMessageContaining("damaged");
            assertThat(backup).doesNotExist();
            assertThat(folder).isDirectoryNotContaining(f -> f.toString().contains("monday"));
        }
    }
}
