package dev.tapestry.coordinator;

import static dev.tapestry.coordinator.SoundBundle.verified;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.log.Checkpoint;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bundles that are no such archive, or one that is made to harm whoever opens it. */
final class HostileBundleTest {

    /** What a bomb inflates to; its file has a two-hundredth of that. */
    private static final int BOMB_MEGABYTES = 256;

    private static final long MOST_ALLOCATED = (BOMB_MEGABYTES / 2L) << 20;

    @TempDir static Path folder;
    private static SoundBundle bundle;

    @BeforeAll
    static void two_rounds_with_two_members() {
        bundle = SoundBundle.in(folder);
    }

    @Test
    void names_that_lead_out_of_the_bundle_or_do_not_belong_into_it_are_refused()
            throws IOException {
        for (String name :
                List.of(
                        "../entries.jsonl",
                        "/etc/passwd",
                        "cosignatures/../../x.note",
                        "contributions/" + "A".repeat(64) + ".json",
                        "notes.txt",
                        "cosignatures/ada.note/")) {
            assertThat(bundle.after(files -> files.put(name, new byte[1])).problem())
                    .contains("does not belong");
        }
    }

    @Test
    void documents_that_are_too_long_are_refused_before_they_are_held() throws IOException {
        assertThat(bundle.after(files -> files.put("bundle.json", new byte[1 << 20])).problem())
                .contains("more than");
        assertThat(
                        bundle.after(
                                        files -> {
                                            byte[] endless = new byte[3 << 20];
                                            Arrays.fill(endless, (byte) 'x');
                                            files.put("entries.jsonl", endless);
                                        })
                                .problem())
                .contains("an entry has more than");
        String missing = Digest.of(new byte[] {7}).hex();
        assertThat(
                        bundle.after(
                                        files -> {
                                            String first =
                                                    files.keySet().stream()
                                                            .filter(n ->
                                                                    n.startsWith("contributions/"))
                                                            .findFirst()
                                                            .orElse(missing);
                                            files.put(first, new byte[9 << 20]);
                                        })
                                .problem())
                .contains("more than");
    }

    /** Writes one file of a bundle. */
    @FunctionalInterface
    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** The sound bundle with some files more, or in place of its own. */
    private static Path bomb(Map<String, Content> contents) throws IOException {
        Path file = Files.createTempFile(folder, "bomb", ".zip");
        Map<String, byte[]> files = bundle.files();
        files.keySet().removeAll(contents.keySet());
        try (ZipOutputStream out =
                new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            out.setLevel(Deflater.BEST_SPEED);
            for (Map.Entry<String, byte[]> each : files.entrySet()) {
                out.putNextEntry(new ZipEntry(each.getKey()));
                out.write(each.getValue());
            }
            for (Map.Entry<String, Content> each : contents.entrySet()) {
                out.putNextEntry(new ZipEntry(each.getKey()));
                each.getValue().writeTo(out);
            }
        }
        return file;
    }

    private static void zeros(OutputStream out) throws IOException {
        byte[] block = new byte[1 << 20];
        for (int i = 0; i < BOMB_MEGABYTES; i++) {
            out.write(block);
        }
    }

    /** What verifying takes from the heap, garbage included: it grows with whatever is inflated. */
    private static BundleReport frugally(Path file) {
        var threads = ManagementFactory.getPlatformMXBean(com.sun.management.ThreadMXBean.class);
        long before = threads.getCurrentThreadAllocatedBytes();
        BundleReport report = verified(file);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                .as(report.problem())
                .isLessThan(MOST_ALLOCATED);
        return report;
    }

    @ParameterizedTest
    @ValueSource(strings = {"bundle.json", "checkpoint.note", "entries.jsonl"})
    void a_file_that_inflates_without_end_is_refused_after_its_first_bytes(String name)
            throws IOException {
        BundleReport report = frugally(bomb(Map.of(name, HostileBundleTest::zeros)));
        assertThat(report.sound()).isFalse();
        assertThat(report.problem()).contains("more than");
    }

    @Test
    void a_checkpoint_over_billions_of_entries_does_not_have_leaves_hashed_that_are_not_there()
            throws IOException {
        byte[] claim =
                new Checkpoint(bundle.origin(), 1L << 40, Digest.of(new byte[0]))
                        .sign(bundle.coordinator())
                        .toString()
                        .getBytes(UTF_8);
        BundleReport report =
                frugally(
                        bomb(
                                Map.of(
                                        "checkpoint.note",
                                        out -> out.write(claim),
                                        "leaves",
                                        HostileBundleTest::zeros)));
        assertThat(report.problem()).contains("'leaves' has more than");
    }

    @Test
    void more_files_than_a_consortium_has_are_refused() throws IOException {
        Map<String, Content> cosigners = new LinkedHashMap<>();
        byte[] note = bundle.files().get("cosignatures/bo.note");
        for (int i = 0; i < 2_000; i++) {
            cosigners.put("cosignatures/m" + i + ".note", out -> out.write(note));
        }
        assertThat(frugally(bomb(cosigners)).problem()).contains("co-signatures of 2002 members");
    }

    @Test
    void a_file_that_was_cut_off_or_is_no_archive_is_refused() throws IOException {
        byte[] whole = Files.readAllBytes(bundle.file());
        for (int length : List.of(0, 10, whole.length / 2, whole.length - 10)) {
            Path cut = Files.write(folder.resolve("cut.zip"), Arrays.copyOf(whole, length));
            assertThat(verified(cut).problem()).contains("no audit bundle");
        }
        assertThat(bundle.after(files -> files.remove("leaves")).problem()).contains("no leaves");
        assertThat(
                        bundle.after(files ->
                                        files.put("leaves", Arrays.copyOf(files.get("leaves"), 70)))
                                .bad()
                                .get()
                                .index())
                .isEqualTo(2);
        assertThat(bundle.after(files -> files.remove("checkpoint.note")).problem())
                .contains("checkpoint.note");
    }

    /** A flipped byte anywhere gives a report, never an exception, and never a sound one of it. */
    @Test
    void no_flipped_byte_of_any_file_goes_unnoticed_or_breaks_the_verifier() throws IOException {
        java.util.Random random = new java.util.Random(20261127);
        for (String name : bundle.files().keySet()) {
            for (int turn = 0; turn < 6; turn++) {
                Map<String, byte[]> files = bundle.files();
                byte[] content = Objects.requireNonNull(files.get(name)).clone();
                content[random.nextInt(content.length)] ^= (byte) (1 << random.nextInt(7));
                files.put(name, content);
                BundleReport report = verified(bundle.zip(files));
                if (report.sound()) {
                    // Only what nobody signed: the name under which the bundle goes.
                    assertThat(name).isEqualTo("bundle.json");
                }
            }
        }
    }
}
