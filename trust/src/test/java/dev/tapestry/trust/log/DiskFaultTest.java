package dev.tapestry.trust.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log on disks that really fail. */
final class DiskFaultTest {

    private static final int MEBIBYTES = 8;

    @TempDir Path place;

    private static List<byte[]> entry(int number) {
        return List.of(
                ("{\"entry\":" + number + ",\"of\":\"" + "x".repeat(4_000) + "\"}")
                        .getBytes(UTF_8));
    }

    @Test
    void what_was_appended_is_there_after_a_power_cut_at_any_entry() throws IOException {
        try (RealDisk disk = RealDisk.mount(place, MEBIBYTES);
                AuditLog log = AuditLog.open(disk.folder().resolve("log.db"), "tapestry/test")) {
            for (int number = 1; number <= 12; number++) {
                log.append(entry(number));
                try (RealDisk cut = disk.afterPowerCut(place);
                        AuditLog left =
                                AuditLog.open(cut.folder().resolve("log.db"), "tapestry/test")) {
                    assertThat(left.size()).isEqualTo(number);
                    assertThat(left.root()).isEqualTo(log.root());
                    assertThat(left.append(entry(number + 1))).isEqualTo(number + 1);
                }
            }
        }
    }

    @Test
    void a_log_on_a_full_disk_refuses_and_goes_on_when_there_is_room() throws IOException {
        try (RealDisk disk = RealDisk.mount(place, MEBIBYTES);
                AuditLog log = AuditLog.open(disk.folder().resolve("log.db"), "tapestry/test")) {
            log.append(entry(1));
            Path filler = disk.folder().resolve("filler");
            fill(filler);
            long kept = untilRefused(log);
            assertThat(log.size()).isEqualTo(kept);
            Files.delete(filler);
            assertThat(log.append(entry(99))).isEqualTo(kept + 1);
        }
    }

    private static long untilRefused(AuditLog log) {
        while (true) {
            long size = log.size();
            try {
                log.append(entry((int) size));
            } catch (TrustException e) {
                assertThat(e.code()).isEqualTo(Code.STORAGE);
                return size;
            }
        }
    }

    private static void fill(Path filler) throws IOException {
        try (OutputStream out = Files.newOutputStream(filler)) {
            while (true) {
                out.write(new byte[4_096]);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
    }

    @Test
    void a_log_on_a_disk_that_turned_read_only_refuses_and_goes_on_when_it_is_mended()
            throws IOException {
        try (RealDisk disk = RealDisk.mount(place, MEBIBYTES)) {
            Path file = disk.folder().resolve("log.db");
            try (AuditLog log = AuditLog.open(file, "tapestry/test")) {
                log.append(entry(1));
            }
            disk.readOnly(true);
            assertThatThrownBy(() -> AuditLog.open(file, "tapestry/test"))
                    .isInstanceOf(TrustException.class);
            disk.readOnly(false);
            try (AuditLog log = AuditLog.open(file, "tapestry/test")) {
                assertThat(log.append(entry(2))).isEqualTo(2);
            }
        }
    }
}
