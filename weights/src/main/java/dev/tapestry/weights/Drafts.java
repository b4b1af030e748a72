package dev.tapestry.weights;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.UUID;
import java.util.stream.Stream;

/** Files and directories that are not yet what they will be: written beside, then renamed. */
public final class Drafts {

    private static final String MARK = ".draft-";

    private Drafts() {}

    /** A hidden, unused name in the folder of {@code target}. */
    public static Path beside(Path target) {
        return target.resolveSibling("." + target.getFileName() + MARK + UUID.randomUUID());
    }

    /** Refuses with {@code NO_SPACE} what would not fit; a mapped write would end the program. */
    public static void checkRoom(Path target, long bytes) throws IOException {
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new WeightsException(
                    WeightsException.Code.TARGET, "there is no folder for " + target);
        }
        long room = Files.getFileStore(folder).getUsableSpace();
        if (bytes > room) {
            throw new WeightsException(
                    WeightsException.Code.NO_SPACE,
                    target + " needs " + bytes + " bytes, the disk has " + room + " left");
        }
    }

    /** Renames {@code draft} to {@code target} in one step and makes the new name durable. */
    public static void publish(Path draft, Path target) throws IOException {
        Files.move(
                draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Path folder = target.toAbsolutePath().getParent();
        if (folder != null) {
            syncFolder(folder);
        }
    }

    /** Makes the names in {@code folder} durable, where the system can do that. */
    public static void syncFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException unsupported) {
            // Some systems cannot open a folder; there the rename is durable by itself or never.
        }
    }

    /** Makes the files in {@code folder} durable, and their names. */
    public static void syncFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                // For reading: that is enough, and a copy of a read-only file is read-only too.
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                    channel.force(true);
                }
            }
        }
        syncFolder(folder);
    }

    /**
     * Deletes the drafts that a killed program left in {@code folder}; call it at start, before
     * anything is written there.
     */
    public static void sweep(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(Drafts::isDraft).toList()) {
                delete(file);
            }
        } catch (IOException e) {
            throw WeightsException.io("sweep", folder, e);
        }
    }

    private static boolean isDraft(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith(".") && name.contains(MARK);
    }

    /**
     * Deletes a file, or a folder with all that is in it; nothing when it is not there. A link is
     * deleted, not what it leads to; what others delete at the same time is gone too.
     */
    public static void delete(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> all = Files.walk(path)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
