package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeException;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Small files that another program may have written: plain ones, and no longer than expected. */
public final class JobFiles {

    private static final int MAX_BYTES = 64 << 10;

    private JobFiles() {}

    /** Whether there is a file in the directory itself, neither a link nor a pipe. */
    public static boolean plain(Path file) {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Writes a document, whole or not at all; it is then on the disk.
     *
     * @throws NodeException {@code STORAGE}
     */
    public static void write(Path file, byte[] content) {
        try {
            SafeFile.write(file, content);
        } catch (TrustException e) {
            throw new NodeException(NodeException.Code.STORAGE, String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Reads a document.
     *
     * @throws TrustException {@code DOCUMENT_MALFORMED}; {@code STORAGE} if it is missing, no plain
     *     file, or cannot be read
     */
    public static <T> T read(Path file, Class<T> type) {
        if (!plain(file)) {
            throw new TrustException(
                    Code.STORAGE,
                    Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                            ? "it is no plain file: links are not followed"
                            : "it is missing");
        }
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new TrustException(
                        Code.DOCUMENT_MALFORMED, "it has more than " + MAX_BYTES + " bytes");
            }
            return CanonicalJson.read(bytes, type);
        } catch (IOException e) {
            throw new TrustException(Code.STORAGE, "cannot read it: " + e, e);
        }
    }
}
