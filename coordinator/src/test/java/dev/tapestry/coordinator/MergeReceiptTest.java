package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.coordinator.BundleReport.Merge;
import dev.tapestry.coordinator.VerifyBundle.Demands;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.SignedNote;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A merge that anybody can do again, without the coordinator. */
final class MergeReceiptTest {

    @TempDir static Path folder;

    private static Path directory;
    private static Path receipt;
    private static Checkpoint first = new Checkpoint("none", 0, Digest.of(new byte[0]));

    @BeforeAll
    static void two_rounds_with_momentum() {
        try (Stage stage = new Stage(folder, Stage.charter(2)).withMembers("ada", "bo")) {
            stage.run(2, MergeRule.diLoCo(0.7, 0.9));
            round(stage, 1);
            stage.member(0).await(2, Phase.COLLECTING);
            first = latest(stage);
            round(stage, 2);
            stage.member(0).await(2, Phase.PUBLISHED);
            directory = stage.directory;
            receipt = folder.resolve("receipt");
            MergeReceipt.Written written =
                    MergeReceipt.write(directory, new RoundNumber(2), receipt);
            assertThat(written.contributions()).isEqualTo(2);
        }
    }

    private static void round(Stage stage, int round) {
        stage.members.forEach(
                member -> member.takePart(round, Stage.SEED + round + member.id.hashCode()));
        stage.members.forEach(member -> member.scoreWell(round));
    }

    private static Checkpoint latest(Stage stage) {
        SignedNote note = stage.coordinator.ledger().log().latestCheckpoint().orElseThrow();
        return Checkpoint.parse(note.text());
    }

    private static Path copy() throws IOException {
        Path copy = Files.createTempDirectory(folder, "copy");
        try (Stream<Path> files = Files.walk(receipt)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = copy.resolve(receipt.relativize(file).toString());
                Files.createDirectories(target.resolveSibling("."));
                Files.copy(file, target);
            }
        }
        return copy;
    }

    private static Demands having(Checkpoint seen) {
        return new Demands(Optional.empty(), 0, Optional.of(seen), Optional.empty());
    }

    @Test
    void a_receipt_alone_gives_the_base_again() throws IOException {
        Path copy = copy();

        BundleReport report = MergeReceipt.verify(copy, having(first));

        assertThat(report.problem()).isEmpty();
        assertThat(report.merges()).containsExactly(new Merge(2, Merge.Outcome.MATCHES, ""));
        assertThat(FileTrees.list(copy))
                .as("no key, no certificate, no configuration; nothing is left of merging")
                .extracting(file -> file.getFileName().toString())
                .containsExactly("bundle.zip", "contributions", "models", "momenta", "residuals");
    }

    @Test
    void a_byte_that_was_changed_in_any_file_of_a_receipt_is_named() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(receipt)) {
            files =
                    all.filter(Files::isRegularFile)
                            .filter(file -> !file.endsWith("bundle.zip"))
                            .map(receipt::relativize)
                            .toList();
        }
        assertThat(files)
                .extracting(file -> file.getName(0).toString())
                .contains("contributions", "models", "momenta");
        for (Path file : files) {
            Path copy = copy();
            changeLastByte(copy.resolve(file));

            BundleReport report = MergeReceipt.verify(copy, Demands.NONE);

            assertThat(report.sound()).as(file.toString()).isFalse();
            assertThat(report.problem()).as(file.toString()).containsAnyOf(names(file));
        }
    }

    /** By its member, or by the digest in its path. */
    private static String[] names(Path file) {
        return file.startsWith("contributions")
                ? new String[] {file.getName(2).toString()}
                : Stream.of(file.toString().split("[/.-]"))
                        .filter(word -> word.matches("[0-9a-f]{64}"))
                        .map(word -> word.substring(0, 12))
                        .toArray(String[]::new);
    }

    private static void changeLastByte(Path file) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(bytes.length() - 1);
            int last = bytes.read();
            bytes.seek(bytes.length() - 1);
            bytes.write(last ^ 1);
        }
    }

    @Test
    void a_receipt_without_a_contribution_is_not_whole() throws IOException {
        Path copy = copy();
        FileTrees.delete(copy.resolve("contributions/2/bo"));

        BundleReport report = MergeReceipt.verify(copy, Demands.NONE);

        assertThat(report.sound()).isFalse();
        assertThat(report.problem()).contains("has not all files");
    }

    @Test
    void a_receipt_of_another_history_than_the_one_that_a_node_has_seen_is_refused() {
        Checkpoint other =
                new Checkpoint(first.origin(), first.size(), Digest.of(new byte[] {1, 2, 3}));
        Checkpoint elsewhere = new Checkpoint("another", first.size(), first.root());
        Checkpoint later = new Checkpoint(first.origin(), 1_000_000, first.root());

        assertThat(MergeReceipt.verify(receipt, having(other)).problem())
                .contains("the checkpoint that the witness remembers");
        assertThat(MergeReceipt.verify(receipt, having(elsewhere)).problem()).contains("'another'");
        assertThat(MergeReceipt.verify(receipt, having(later)).problem())
                .contains("ask for one that was written later");
    }

    @Test
    void what_was_never_merged_has_no_receipt() {
        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(() ->
                        MergeReceipt.write(directory, new RoundNumber(3), folder.resolve("three")))
                .withMessageContaining("no merge in round 3");
        assertThat(folder.resolve("three")).doesNotExist();
        assertThat(FileTrees.list(folder))
                .extracting(file -> file.getFileName().toString())
                .noneMatch(name -> name.startsWith("."));
    }

    @Test
    void what_is_not_kept_any_more_has_no_receipt() throws IOException {
        Path purged = Files.createTempDirectory(folder, "purged");
        FileTrees.copy(directory, purged);
        FileTrees.delete(purged.resolve("contributions/1"));

        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(
                        () -> MergeReceipt.write(purged, new RoundNumber(1), folder.resolve("one")))
                .withMessageContaining("keepRounds");
        assertThat(folder.resolve("one")).doesNotExist();
    }

    @Test
    void a_receipt_never_takes_the_place_of_something() {
        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(() -> MergeReceipt.write(directory, new RoundNumber(2), receipt))
                .withMessageContaining("exists");
    }
}
