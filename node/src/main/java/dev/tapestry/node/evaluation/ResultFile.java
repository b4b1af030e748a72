package dev.tapestry.node.evaluation;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Files with results: longer than settings are, and bounded all the same. */
public final class ResultFile {

    /** Some ten thousand numbers. */
    private static final int MAX_BYTES = 8 << 20;

    private ResultFile() {}

    /**
     * The bytes of a file.
     *
     * @throws NodeException {@code CONFIG_INVALID} if there is none, or it is longer than 8 MiB;
     *     {@code STORAGE}
     */
    public static byte[] read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new NodeException(
                        Code.CONFIG_INVALID,
                        "%s has more than %d bytes: it is no result".formatted(file, MAX_BYTES));
            }
            return bytes;
        } catch (NoSuchFileException e) {
            throw new NodeException(Code.CONFIG_INVALID, "there is no file " + file, e);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }
}
