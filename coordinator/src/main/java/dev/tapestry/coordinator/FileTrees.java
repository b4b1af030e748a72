package dev.tapestry.coordinator;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Folders as wholes: listed, linked, made durable, deleted. */
final class FileTrees {

    private FileTrees() {}

    /** Everything directly in a folder, sorted; nothing if there is no such folder. */
    static List<Path> list(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw CoordinatorException.storage("list", folder, e);
        }
    }

    static void create(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw CoordinatorException.storage("create", folder, e);
        }
    }

    /** Gives a file a second name where the file system can, otherwise copies it. */
    static void linkOrCopy(Path from, Path to) {
        try {
            Files.deleteIfExists(to);
            try {
                Files.createLink(to, from);
            } catch (IOException | UnsupportedOperationException e) {
                Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw CoordinatorException.storage("copy to", to, e);
        }
    }

    /** Renames within one file system; the folder's entry is then on the disk. */
    static void move(Path from, Path to) {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            sync(to.resolveSibling("."));
        } catch (IOException e) {
            throw CoordinatorException.storage("move " + from + " to", to, e);
        }
    }

    /** Brings a file or folder to the disk. */
    static void sync(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            throw CoordinatorException.storage("flush", path, e);
        }
    }

    /** Deletes a file, or a folder with all in it; nothing if it is not there. */
    static void delete(Path path) {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> all = Files.walk(path)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw CoordinatorException.storage("delete", path, e);
        }
    }
}
