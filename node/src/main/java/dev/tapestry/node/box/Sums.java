package dev.tapestry.node.box;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.trainer.JobFiles;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code results.sha256}, as {@code sha256sum} writes it and reads it: a disk that was pulled out
 * too early has files of the right length that hold zeros, which nothing else would tell.
 */
final class Sums {

    private static final Pattern LINE = Pattern.compile("([0-9a-f]{64}) [ *](.+)");
    private static final int BUFFER_BYTES = 1 << 20;

    private Sums() {}

    /** Writes the sums of files that lie beside {@code file}, and of one that will. */
    static void write(Path file, List<Path> files, Path last, byte[] content) {
        StringBuilder lines = new StringBuilder();
        for (Path each : files) {
            lines.append(sum(each)).append("  ").append(each.getFileName()).append('\n');
        }
        lines.append(Digest.of(content)).append("  ").append(last.getFileName()).append('\n');
        JobFiles.write(file, lines.toString().getBytes(UTF_8));
    }

    /**
     * Holds files against their sums.
     *
     * @throws NodeException {@code BOX_DAMAGED} if one is missing, not listed, or other than listed
     */
    static void require(Path file, List<Path> files) {
        Map<String, String> listed = read(file);
        for (Path each : files) {
            String name = each.getFileName().toString();
            if (!JobFiles.plain(each)) {
                throw damaged("%s is missing, or no plain file", each);
            }
            if (!listed.containsKey(name)) {
                throw damaged("%s does not list %s", file, name);
            }
            if (!sum(each).hex().equals(listed.get(name))) {
                throw damaged("%s is not what %s says: copy it once more", each, file);
            }
        }
    }

    private static Map<String, String> read(Path file) {
        if (!JobFiles.plain(file)) {
            throw damaged("%s is no plain file", file);
        }
        String text;
        try {
            text = SafeFile.read(file);
        } catch (TrustException e) {
            throw damaged("%s: %s", file, String.valueOf(e.getMessage()));
        }
        Map<String, String> listed = new HashMap<>();
        for (String line : text.lines().toList()) {
            Matcher sum = LINE.matcher(line);
            if (!sum.matches()) {
                throw damaged("%s is not what sha256sum writes", file);
            }
            listed.put(sum.group(2), sum.group(1));
        }
        return listed;
    }

    /** The digest of a file. */
    static Digest sum(Path file) {
        MessageDigest sha = Digest.sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                sha.update(buffer, 0, read);
            }
            return Digest.ofHash(sha.digest());
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }

    @SuppressWarnings("AnnotateFormatMethod") // its annotation would be this room's only use of it
    private static NodeException damaged(String format, Object... values) {
        return new NodeException(Code.BOX_DAMAGED, format.formatted(values));
    }
}
