package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.WholeFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A hidden folder beside the target in which one process at a time works: the scratch files, and
 * the draft that becomes the target. What a killed process left there is deleted first.
 */
final class Workspace implements AutoCloseable {

    private final Path target;
    private final Path folder;
    private final FileChannel lockFile;

    private Workspace(Path target, Path folder, FileChannel lockFile) {
        this.target = target;
        this.folder = folder;
        this.lockFile = lockFile;
    }

    static Workspace of(Path target) throws IOException {
        Path whole = target.toAbsolutePath().normalize();
        Path name = whole.getFileName();
        Path parent = whole.getParent();
        if (name == null || parent == null) {
            throw new CorpusException(
                    Code.TARGET_EXISTS, target + " cannot be made; name a new directory");
        }
        Files.createDirectories(parent);
        Path lock = parent.resolve("." + name + ".preparing.lock");
        FileChannel channel =
                FileChannel.open(
                        lock,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS);
        try {
            if (lockedBy(channel) == null) {
                throw new CorpusException(
                        Code.IN_USE, "another process prepares " + target + "; wait for its end");
            }
            Path folder = parent.resolve("." + name + ".preparing");
            delete(folder);
            return new Workspace(whole, folder, channel);
        } catch (RuntimeException | IOException e) {
            channel.close();
            throw e;
        }
    }

    private static @Nullable FileLock lockedBy(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // by another thread of this process
        }
    }

    boolean targetExists() {
        return Files.exists(target, LinkOption.NOFOLLOW_LINKS);
    }

    /** Where files are that nobody needs afterwards. */
    Path scratch() throws IOException {
        return Files.createDirectories(folder.resolve("scratch"));
    }

    /** What becomes the target. */
    Path draft() throws IOException {
        return Files.createDirectories(folder.resolve("draft"));
    }

    /** Makes the draft the target, in one step. */
    void publish() throws IOException {
        WholeFile.publish(draft(), target);
    }

    @Override
    public void close() throws IOException {
        try (lockFile) {
            delete(folder);
        }
        // The lock's file stays: whoever waits for it holds the same one.
    }

    private static void delete(Path path) throws IOException {
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
