package dev.tapestry.app.study.simulation;

import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A simulation's own folder among others', gone when it is closed. A lock beside it says that its
 * process lives; what killed ones left, possibly in memory, goes when the next simulation begins.
 *
 * @param path of the folder
 * @param held open, and so locked, as long as the folder is used
 */
record WorkFolder(Path path, FileChannel held) implements AutoCloseable {

    private static final String PREFIX = "simulation-";

    /** A new one in {@code work}, which exists. */
    static WorkFolder in(Path work) throws IOException {
        sweep(work);
        Path path = work.resolve(PREFIX + UUID.randomUUID());
        FileChannel channel =
                FileChannel.open(
                        lock(path), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        channel.lock(); // before there is a folder that could be swept
        Files.createDirectory(path);
        return new WorkFolder(path, channel);
    }

    private static void sweep(Path work) throws IOException {
        List<Path> folders;
        try (Stream<Path> files = Files.list(work)) {
            folders =
                    files.filter(file -> file.getFileName().toString().startsWith(PREFIX)).toList();
        }
        for (Path folder : folders) {
            try (FileChannel channel =
                    FileChannel.open(
                            lock(folder), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                if (channel.tryLock() != null) {
                    Drafts.delete(folder);
                    Files.deleteIfExists(lock(folder));
                }
            } catch (OverlappingFileLockException held) {
                // Another simulation of this process.
            }
        }
    }

    private static Path lock(Path folder) {
        return folder.resolveSibling("." + folder.getFileName() + ".lock");
    }

    @Override
    public void close() throws IOException {
        Drafts.delete(path);
        Files.deleteIfExists(lock(path));
        held.close();
    }
}
