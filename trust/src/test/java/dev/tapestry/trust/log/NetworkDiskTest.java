package dev.tapestry.trust.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class NetworkDiskTest {

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nfs",
                "nfs4",
                "NFS",
                "cifs",
                "smb3",
                "smbfs",
                "afs",
                "ceph",
                "lustre",
                "gpfs",
                "ocfs2",
                "fuse.sshfs",
                "fuse.glusterfs",
                "fuse.ceph",
                "fuse.s3fs",
                "fuse.rclone"
            })
    void what_several_machines_can_write_is_no_place_for_a_log(String type) {
        assertThat(NetworkDisk.isShared(type)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ext4",
                "xfs",
                "btrfs",
                "zfs",
                "tmpfs",
                "overlay",
                "apfs",
                "NTFS",
                "fuseblk",
                "fuse.mergerfs",
                "fuse.gocryptfs",
                "fuse",
                "9p",
                "virtiofs",
                "sshfs",
                ""
            })
    void disks_of_this_machine_and_of_the_host_of_a_virtual_one_are(String type) {
        assertThat(NetworkDisk.isShared(type)).isFalse();
    }

    @Test
    void a_log_on_a_network_is_refused_before_anything_is_made_there() throws IOException {
        Path share = Files.createDirectory(directory.resolve("share"));
        try (NetworkMount _ = NetworkMount.over(share)) {
            assertThat(Files.getFileStore(share).type()).isEqualTo("fuse.sshfs");
            for (String place : List.of("log.db", "new/folders/log.db")) {
                assertThatThrownBy(() -> AuditLog.open(share.resolve(place), "tapestry/test"))
                        .isInstanceOfSatisfying(
                                TrustException.class,
                                e -> assertThat(e.code()).isEqualTo(Code.LOG_ON_NETWORK))
                        .hasMessageContaining(share.resolve(place).toString())
                        .hasMessageContaining("fuse.sshfs from nobody@nowhere:/share")
                        .hasMessageContaining("PostgreSQL");
            }
        }
        try (AuditLog log = AuditLog.open(share.resolve("log.db"), "tapestry/test")) {
            assertThat(log.size()).as("the folder below is a disk like any").isZero();
        }
    }

    @Test
    void a_copy_that_is_made_for_a_network_shares_no_memory_and_goes_on_elsewhere()
            throws IOException {
        Path file = directory.resolve("copy.db");
        try (AuditLog copy = AuditLog.draft(file, "tapestry/test")) {
            copy.append(List.of("{}".getBytes(UTF_8)));
            assertThat(beside(file)).noneMatch(name -> name.endsWith("-shm"));
        }
        assertThat(beside(file)).containsExactlyInAnyOrder("copy.db", "copy.db.lock");
        try (AuditLog log = AuditLog.open(file, "tapestry/test")) {
            assertThat(log.append(List.of("{}".getBytes(UTF_8)))).isEqualTo(2);
            assertThat(beside(file)).contains("copy.db-wal");
        }
    }

    private static List<String> beside(Path file) throws IOException {
        try (var files = Files.list(file.resolveSibling("."))) {
            return files.map(each -> each.getFileName().toString()).toList();
        }
    }
}
