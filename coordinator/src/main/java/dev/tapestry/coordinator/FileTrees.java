package dev.tapestry.coordinator;

import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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

    /** The length of a file in bytes. */
    static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        }
    }

    /** The lengths of all files in a folder and below it, in bytes. */
    static long bytes(Path folder) {
        return list(folder).stream()
                .mapToLong(child -> Files.isDirectory(child) ? bytes(child) : size(child))
                .sum();
    }

    /** Creates a folder and those above it; their names are then on the disk. */
    static void create(Path folder) {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path above = folder.toAbsolutePath().normalize().getParent();
        if (above != null) {
            create(above);
        }
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw CoordinatorException.storage("create", folder, e);
        }
        if (above != null) {
            Drafts.syncFolder(above);
        }
    }

    /** Writes a small file, whole or not at all; it is then on the disk. */
    static void write(Path file, byte[] content) {
        try {
            SafeFile.write(file, content);
        } catch (TrustException e) {
            throw CoordinatorException.storage("write", file, e);
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

    /** Copies a folder with all in it, what is there already too; nothing if there is none. */
    static void copy(Path from, Path to) {
        if (!Files.isDirectory(from)) {
            return;
        }
        create(to);
        for (Path child : list(from)) {
            Path copy = to.resolve(child.getFileName());
            if (Files.isDirectory(child)) {
                copy(child, copy);
            } else {
                linkOrCopy(child, copy);
            }
        }
        sync(to);
    }

    /** Renames within one file system, in one step; the new name is then on the disk. */
    static void move(Path from, Path to) {
        try {
            Drafts.publish(from, to);
        } catch (IOException e) {
            throw CoordinatorException.storage("move " + from + " to", to, e);
        }
    }

    /** Brings all files of a folder to the disk, with their names. */
    static void sync(Path folder) {
        try {
            Drafts.syncFiles(folder);
        } catch (IOException e) {
            throw CoordinatorException.storage("flush", folder, e);
        }
    }

    /** Deletes a file, or a folder with all in it; nothing if it is not there. */
    static void delete(Path path) {
        try {
            Drafts.delete(path);
        } catch (IOException | UncheckedIOException e) {
            throw CoordinatorException.storage("delete", path, e);
        }
    }
}
