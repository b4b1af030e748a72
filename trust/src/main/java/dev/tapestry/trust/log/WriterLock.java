package dev.tapestry.trust.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The right to write a log, held by one process at a time; the operating system gives it back when
 * the process dies.
 *
 * <p>It lies on a file of its own: POSIX drops a process's locks on a file when any handle to it is
 * closed, so locking the database itself would undo SQLite's own locks.
 */
public final class WriterLock implements AutoCloseable {

    private final FileChannel channel;

    private WriterLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the lock of the log in {@code file}, or refuses at once.
     *
     * @throws TrustException {@code LOG_IN_USE}, {@code STORAGE}
     */
    public static WriterLock take(Path file) {
        Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
        FileChannel channel = null;
        try {
            channel =
                    FileChannel.open(
                            lockFile,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                String holder = holder(channel);
                channel.close();
                throw new TrustException(
                        Code.LOG_IN_USE,
                        "another process" + holder + " writes the log " + file + "; stop it first");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(UTF_8)));
            return new WriterLock(channel);
        } catch (IOException e) {
            close(channel);
            throw new TrustException(Code.STORAGE, "cannot lock " + lockFile + ": " + e, e);
        }
    }

    @Override
    public void close() {
        close(channel);
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException _) {
            return null; // this process itself writes the log
        }
    }

    private static String holder(FileChannel channel) throws IOException {
        ByteBuffer pid = ByteBuffer.allocate(20);
        channel.read(pid, 0);
        String digits = new String(pid.array(), 0, pid.position(), UTF_8);
        return digits.matches("[0-9]+") ? " (number " + digits + ")" : "";
    }

    private static void close(@Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException _) {
            // The lock goes with the process at the latest.
        }
    }
}
