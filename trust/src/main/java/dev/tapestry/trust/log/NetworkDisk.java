package dev.tapestry.trust.log;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/**
 * File systems that several machines can have mounted, on which no log is kept. SQLite's
 * write-ahead log needs memory that all its readers and writers share, and both its locks and
 * {@link WriterLock} must hold against everybody: over a network the one does not exist, and the
 * others hold against the same machine only, or not at all. Two coordinators could then write one
 * log, and a copy in a cache could be taken for the disk.
 *
 * <p>What a file system is, is told by its type as the operating system names it. {@code 9p} and
 * {@code virtiofs} are not among them: they bring a directory of the host into a virtual machine or
 * a sandbox, whose one kernel keeps the locks; where they cannot share memory, SQLite says so when
 * it opens the file. Nor are file systems in user space that are known for local disks, or not at
 * all: {@code fuseblk}, {@code fuse.mergerfs}, {@code fuse.gocryptfs}.
 */
final class NetworkDisk {

    private static final Set<String> TYPES =
            Set.of(
                    // File servers, by the names that Linux, macOS and the BSDs have for them.
                    "nfs",
                    "nfs3",
                    "nfs4",
                    "cifs",
                    "smb",
                    "smb2",
                    "smb3",
                    "smbfs",
                    "ncpfs",
                    "afpfs",
                    "afs",
                    "coda",
                    "davfs",
                    "davfs2",
                    "webdav",
                    // Disks and stores that a cluster shares.
                    "ceph",
                    "lustre",
                    "gpfs",
                    "beegfs",
                    "glusterfs",
                    "gfs2",
                    "ocfs2",
                    "pvfs2",
                    "panfs",
                    "wekafs",
                    "vboxsf",
                    "vmhgfs");

    /** Behind {@code fuse.}: the same, and stores of objects, in user space. */
    private static final Set<String> IN_USER_SPACE =
            Set.of(
                    "sshfs",
                    "nfs",
                    "smbnetfs",
                    "curlftpfs",
                    "davfs",
                    "davfs2",
                    "glusterfs",
                    "ceph",
                    "ceph-fuse",
                    "mfs",
                    "moosefs",
                    "lizardfs",
                    "seaweedfs",
                    "juicefs",
                    "cvmfs2",
                    "vmhgfs-fuse",
                    "s3fs",
                    "s3ql",
                    "goofys",
                    "mountpoint-s3",
                    "gcsfuse",
                    "blobfuse",
                    "blobfuse2",
                    "rclone",
                    "hdfs",
                    "fuse_dfs",
                    "alluxio-fuse");

    private static final String FUSE = "fuse.";

    private NetworkDisk() {}

    /** Whether other machines can write to a file system of this type at the same time. */
    static boolean isShared(String type) {
        String name = type.toLowerCase(Locale.ROOT);
        if (!name.startsWith(FUSE)) {
            return TYPES.contains(name);
        }
        String program = name.substring(FUSE.length());
        return IN_USER_SPACE.contains(program) || TYPES.contains(program);
    }

    /** Whether a file lies, or would lie, on such a file system. */
    static boolean holds(Path file) {
        return isShared(store(file));
    }

    /**
     * Refuses to keep a log there.
     *
     * @throws TrustException {@code LOG_ON_NETWORK}
     */
    static void refuse(Path file) {
        FileStore store = store(file);
        if (isShared(store)) {
            throw new TrustException(
                    Code.LOG_ON_NETWORK,
                    "the log %s lies on a network file system (%s from %s), where locks and shared memory do not hold between machines and the log could be damaged or written twice; move the whole directory to a disk of this machine and start again from there, or keep a coordinator's log in PostgreSQL (log: in coordinator.yaml)"
                            .formatted(file.toAbsolutePath(), store.type(), store.name()));
        }
    }

    private static boolean isShared(FileStore store) {
        return isShared(store.type());
    }

    /** Of the file, or of the nearest folder in which it would come to be. */
    private static FileStore store(Path file) {
        Path place = file.toAbsolutePath();
        while (!Files.exists(place) && place.getParent() != null) {
            place = place.getParent();
        }
        try {
            return Files.getFileStore(place);
        } catch (IOException e) {
            throw new TrustException(
                    Code.STORAGE, "cannot tell on which disk " + place + " lies: " + e, e);
        }
    }
}
