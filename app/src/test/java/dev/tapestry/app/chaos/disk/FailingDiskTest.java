package dev.tapestry.app.chaos.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The failing disk is itself to be believed, and so is what is written to be whole or absent. */
final class FailingDiskTest {

    private static final long LOSE_ALL = seed(true, false);
    private static final long LOSE_NAMES_AND_ZERO = seed(true, true);
    private static final long LOSE_BYTES = seed(false, false);
    private static final long ZERO_BYTES = seed(false, true);

    @TempDir Path folder;
    private Path control;
    private Path root;

    /** The process under test has ended. */
    private static final class Ended extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @BeforeEach
    void make() throws IOException {
        control = Files.createDirectories(folder.resolve("control"));
        root = Files.createDirectories(folder.resolve("root"));
    }

    private static long seed(boolean names, boolean zero) {
        long seed = 0;
        while (true) {
            var random = new java.util.SplittableRandom(seed);
            if (random.nextBoolean() == names && random.nextBoolean() == zero) {
                return seed;
            }
            seed++;
        }
    }

    /** The same folder through a disk that was just started. */
    private Path failing() {
        FailingDiskProvider provider =
                new FailingDiskProvider(
                        FileSystems.getDefault().provider(),
                        new String[] {control.toString(), root.toString()},
                        () -> {
                            throw new Ended();
                        });
        return provider.getFileSystem(URI.create("file:///")).getPath(root.toString());
    }

    private void order(DiskFault fault, DiskOperation operation, String place, int at, long seed)
            throws IOException {
        order(new DiskOrder(fault, operation, place, at, seed));
    }

    private void order(DiskOrder order) throws IOException {
        Files.writeString(control.resolve("order"), order.line());
    }

    @Test
    void what_was_not_flushed_is_gone_after_a_power_cut_and_what_was_flushed_stays()
            throws IOException {
        Path disk = failing();
        SafeFile.write(disk.resolve("safe"), "safe");
        Files.writeString(disk.resolve("hasty"), "hasty");
        Files.delete(disk.resolve("safe"));
        Files.createDirectory(disk.resolve("made"));
        order(DiskFault.POWER_CUT, DiskOperation.CREATE, "next", 1, LOSE_ALL);
        assertThatThrownBy(() -> Files.createFile(disk.resolve("next"))).isInstanceOf(Ended.class);
        assertThat(root.resolve("safe")).hasContent("safe");
        assertThat(root.toFile().list()).containsExactly("safe");
    }

    @Test
    void names_may_be_there_before_their_bytes() throws IOException {
        Path disk = failing();
        try (FileChannel file = create(disk.resolve("half"))) {
            file.write(ByteBuffer.wrap("flushed".getBytes(StandardCharsets.UTF_8)));
            file.force(true);
            file.write(ByteBuffer.wrap(" not".getBytes(StandardCharsets.UTF_8)));
        }
        Files.writeString(disk.resolve("hasty"), "hasty");
        Files.move(disk.resolve("half"), disk.resolve("moved"));
        order(DiskFault.POWER_CUT, DiskOperation.DELETE, "moved", 1, LOSE_BYTES);
        assertThatThrownBy(() -> Files.delete(disk.resolve("moved"))).isInstanceOf(Ended.class);
        assertThat(root.resolve("moved")).hasContent("flushed");
        assertThat(root.resolve("hasty")).isEmptyFile();
    }

    @Test
    void bytes_that_were_not_flushed_may_be_zeros_and_folders_take_their_files_back()
            throws IOException {
        Path disk = failing();
        Files.createDirectory(disk.resolve("draft"));
        Drafts.syncFolder(disk);
        Files.writeString(disk.resolve("draft/file"), "bytes");
        Drafts.syncFolder(disk.resolve("draft"));
        Files.move(disk.resolve("draft"), disk.resolve("target"));
        order(DiskFault.POWER_CUT, DiskOperation.CREATE, "next", 1, LOSE_NAMES_AND_ZERO);
        assertThatThrownBy(() -> Files.createFile(disk.resolve("next"))).isInstanceOf(Ended.class);
        assertThat(Files.readAllBytes(root.resolve("draft/file"))).isEqualTo(new byte[5]);
        assertThat(root.resolve("target")).doesNotExist();
    }

    private static FileChannel create(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    @Test
    void a_full_disk_takes_nothing_until_there_is_room_and_a_write_can_be_torn()
            throws IOException {
        Path disk = failing();
        order(DiskFault.FULL, DiskOperation.WRITE, "a", 1, 0);
        assertThatThrownBy(() -> Files.writeString(disk.resolve("a"), "text"))
                .hasMessageContaining("No space left on device");
        assertThatThrownBy(() -> SafeFile.write(disk.resolve("b"), "text"))
                .isInstanceOf(TrustException.class);
        assertThat(Files.getFileStore(disk).getUsableSpace()).isZero();
        assertThatThrownBy(() -> Drafts.checkRoom(disk.resolve("c"), 1))
                .isInstanceOf(WeightsException.class);
        Files.delete(control.resolve("order"));
        SafeFile.write(disk.resolve("b"), "text");
        assertThat(root.resolve("b")).hasContent("text");

        order(DiskFault.TEAR, DiskOperation.WRITE, "torn", 1, 0);
        assertThatThrownBy(() -> Files.writeString(disk.resolve("torn"), "12345678"))
                .isInstanceOf(Ended.class);
        assertThat(root.resolve("torn")).hasContent("1234");
        Files.delete(control.resolve("order"));
        Path again = failing();
        order(DiskFault.READ_ONLY, DiskOperation.RENAME, "z", 1, 0);
        assertThatThrownBy(() -> Files.move(again.resolve("b"), again.resolve("z")))
                .hasMessageContaining("Read-only");
        assertThat(Files.readString(again.resolve("b"))).isEqualTo("text");
    }

    @Test
    void a_file_that_is_mapped_for_writing_ends_its_process_in_the_middle_too() throws IOException {
        Path disk = failing();
        try (FileChannel file = create(disk.resolve("mapped"))) {
            order(DiskFault.TEAR, DiskOperation.WRITE, "mapped", 1, 0);
            assertThatThrownBy(() -> file.map(FileChannel.MapMode.READ_WRITE, 0, 8))
                    .isInstanceOf(Ended.class);
        }
    }

    @Test
    void a_byte_that_is_read_wrong_is_found_by_its_digest() throws IOException {
        Path disk = failing();
        SafeFile.write(disk.resolve("part"), "part");
        List<ModelManifest.Part> right = Manifests.parts(disk.resolve("part"));
        order(DiskFault.FLIP, DiskOperation.READ, "part", 1, 0);
        assertThat(Manifests.parts(disk.resolve("part"))).isNotEqualTo(right);
        assertThat(Manifests.parts(disk.resolve("part"))).isEqualTo(right);
    }

    @Test
    void a_file_that_must_be_whole_or_absent_is_so_after_a_power_cut_at_any_operation()
            throws IOException {
        sweep(
                disk -> SafeFile.write(disk.resolve("note"), "old"),
                disk -> SafeFile.write(disk.resolve("note"), "new text"),
                () -> assertThat(Files.readString(root.resolve("note"))).isIn("old", "new text"),
                () -> assertThat(root.resolve("note")).hasContent("new text"));
    }

    @Test
    void what_lay_in_a_folder_stays_gone_when_the_removal_of_the_folder_was_flushed()
            throws IOException {
        sweep(
                disk -> {
                    Files.createDirectory(disk.resolve("old"));
                    SafeFile.write(disk.resolve("old/state"), "text");
                    Drafts.syncFolder(disk);
                },
                disk -> {
                    Drafts.delete(disk.resolve("old"));
                    Drafts.syncFolder(disk);
                    SafeFile.write(disk.resolve("new"), "text");
                },
                () -> {
                    if (Files.exists(root.resolve("new"))) {
                        assertThat(root.resolve("old")).doesNotExist();
                    }
                },
                () -> assertThat(root.resolve("old")).doesNotExist());
    }

    @Test
    void what_was_flushed_is_not_remembered_with_the_folder_in_which_it_lay() throws IOException {
        Path disk = failing();
        for (int round = 0; round < 3; round++) {
            Path merging = Files.createDirectory(disk.resolve("merging"));
            Files.writeString(merging.resolve("draft"), "bytes that nobody flushed");
            Files.delete(merging.resolve("draft"));
            assertThat(buried()).as("for a power cut now").isOne();
            Files.delete(merging);
            Drafts.syncFolder(disk);
            assertThat(buried()).as("with the removal of the folder").isZero();
        }
    }

    private long buried() throws IOException {
        try (Stream<Path> files = Files.walk(control)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.toString().contains("/removed-"))
                    .count();
        }
    }

    @Test
    void a_model_is_whole_or_absent_after_a_power_cut_at_any_operation() throws IOException {
        Map<String, List<ModelManifest.Part>> parts = new HashMap<>();
        sweep(
                disk -> Drafts.syncFolder(disk),
                FailingDiskTest::writeModel,
                () -> {
                    if (Files.exists(root.resolve("model"))) {
                        assertThat(Manifests.of(root.resolve("model")).files())
                                .hasSize(4)
                                .allSatisfy(file ->
                                        assertThat(file.parts())
                                                .isEqualTo(
                                                        parts.computeIfAbsent(
                                                                file.path(), _ -> file.parts())));
                    }
                },
                () -> assertThat(root.resolve("model")).isDirectory());
        assertThat(parts).hasSize(4);
    }

    private static void writeModel(Path disk) {
        List<TensorSpec> tensors =
                List.of(
                        new TensorSpec("a", DType.F32, List.of(300L)),
                        new TensorSpec("b", DType.F32, List.of(200L)));
        try (ModelDirectoryWriter model =
                ModelDirectoryWriter.create(disk.resolve("model"), tensors, 1_200)) {
            model.addFile("config.json", "{}".getBytes(StandardCharsets.UTF_8));
            model.data("a").fill((byte) 1);
            model.data("b").fill((byte) 2);
            model.commit();
        }
    }

    /** Something that is looked at. */
    @FunctionalInterface
    private interface Check {
        void run() throws IOException;
    }

    /** Something that is done on a disk. */
    @FunctionalInterface
    private interface Work {
        void on(Path disk) throws IOException;
    }

    /** Cuts the power at each operation of {@code work}, in each of four ways. */
    private void sweep(Work before, Work work, Check always, Check done) throws IOException {
        order(DiskOrder.record());
        clear();
        before.on(failing());
        Files.deleteIfExists(control.resolve("report"));
        work.on(failing());
        List<String> operations = Files.readAllLines(control.resolve("report"));
        assertThat(operations).hasSizeGreaterThan(4);
        done.run();
        Map<String, Integer> counts = new HashMap<>();
        for (String operation : operations) {
            int nth = counts.merge(operation, 1, Integer::sum);
            int space = operation.indexOf(' ');
            for (long seed : List.of(LOSE_ALL, LOSE_NAMES_AND_ZERO, LOSE_BYTES, ZERO_BYTES)) {
                Files.delete(control.resolve("order"));
                clear();
                before.on(failing());
                order(
                        DiskFault.POWER_CUT,
                        DiskOperation.valueOf(operation.substring(0, space)),
                        operation.substring(space + 1),
                        nth,
                        seed);
                Path disk = failing();
                assertThatThrownBy(() -> work.on(disk)).as(operation).isInstanceOf(Ended.class);
                assertThat(control.resolve("report")).content().doesNotContain("NOT CUT");
                always.run();
            }
        }
    }

    private void clear() throws IOException {
        Drafts.delete(root);
        Files.createDirectory(root);
    }
}
