package dev.tapestry.corpus;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Files that are whole or absent: written beside, flushed to disk, renamed into place. */
public final class WholeFile {

    /** How the name of a file ends that is not whole yet. */
    static final String PART = ".part";

    private WholeFile() {}

    /** Writes a small file in the place of an older one; one thread at a time. */
    public static void write(Path target, byte[] content) {
        Path part = target.resolveSibling("." + target.getFileName() + PART);
        try {
            // What a killed program left there goes first: it could be a link.
            Files.deleteIfExists(part);
            try (FileChannel channel =
                    FileChannel.open(
                            part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            publish(part, target);
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot write " + target + ": " + e, e);
        }
    }

    /** Gives a file that is whole and on the disk its name, durably and in one step. */
    public static void publish(Path part, Path target) throws IOException {
        Files.move(
                part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // The new name is durable only when its folder is.
        try (FileChannel folder =
                FileChannel.open(target.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException unsupported) {
            // Some systems cannot open a folder; there the rename is durable by itself or never.
        }
    }
}
