package dev.tapestry.trust;

import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/**
 * Small files that must be whole or absent: written beside, flushed to disk, renamed into place.
 *
 * <p>Secret files have mode 0600 from the moment they exist, and are refused when somebody else
 * could read them.
 */
public final class SafeFile {

    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");

    private SafeFile() {}

    /** Writes a file that everybody may read. */
    public static void write(Path file, String text) {
        write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes a file that everybody may read. */
    public static void write(Path file, byte[] content) {
        write(file, content, PosixFilePermissions.fromString("rw-r--r--"));
    }

    /** Writes a file that only its owner may read. */
    public static void writeSecret(Path file, String text) {
        write(file, text.getBytes(StandardCharsets.UTF_8), OWNER_ONLY);
    }

    /** Reads a text of at most {@link Pem#MAX_LENGTH} bytes. */
    public static String read(Path file) {
        return new String(readBytes(file), StandardCharsets.UTF_8);
    }

    /** Reads at most {@link Pem#MAX_LENGTH} bytes. */
    public static byte[] readBytes(Path file) {
        try {
            long size = Files.size(file);
            if (size > Pem.MAX_LENGTH) {
                throw new TrustException(
                        Code.STORAGE, file + " has " + size + " bytes: not a file of this kind");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new TrustException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }

    /** Reads a secret; refuses a link and a file that others than the owner could read or write. */
    public static String readSecret(Path file) {
        try {
            if (posix(file)) {
                var permissions = Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
                var excess = EnumSet.copyOf(permissions);
                excess.removeAll(OWNER_ONLY);
                excess.remove(PosixFilePermission.OWNER_EXECUTE);
                if (Files.isSymbolicLink(file) || !excess.isEmpty()) {
                    throw new TrustException(
                            Code.KEY_EXPOSED,
                            file
                                    + " is a secret that others can reach ("
                                    + PosixFilePermissions.toString(permissions)
                                    + "); run: chmod 600 "
                                    + file);
                }
            }
        } catch (IOException e) {
            throw new TrustException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
        return read(file);
    }

    private static void write(Path file, byte[] content, Set<PosixFilePermission> permissions) {
        Path directory = folder(file);
        try {
            Files.createDirectories(directory);
            Path temporary =
                    Files.createTempFile(
                            directory, "." + file.getFileName() + "-", ".new", owner(directory));
            try {
                try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                    ByteBuffer bytes = ByteBuffer.wrap(content);
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                    channel.force(true);
                }
                if (posix(directory)) {
                    Files.setPosixFilePermissions(temporary, permissions);
                }
                rename(temporary, file);
            } finally {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            throw new TrustException(Code.STORAGE, "cannot write " + file + ": " + e, e);
        }
    }

    private static void rename(Path from, Path to) throws IOException {
        try {
            Files.move(
                    from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException _) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
        syncFolder(folder(to));
    }

    /** Brings the names in a folder to the disk: a renaming is durable only when the folder is. */
    public static void syncFolder(Path folder) throws IOException {
        if (posix(folder)) {
            try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
                names.force(true);
            }
        }
    }

    private static Path folder(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null) {
            throw new TrustException(Code.STORAGE, file + " is not the name of a file");
        }
        return folder;
    }

    private static FileAttribute<?>[] owner(Path directory) {
        return posix(directory)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
    }

    private static boolean posix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }
}
