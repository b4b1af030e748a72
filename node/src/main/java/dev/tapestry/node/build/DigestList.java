package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The SHA-256 of each file of a directory, as {@code sha256sum} writes it: a line for each, with 64
 * hexadecimal digits, a space, a space or an asterisk, and the file's path below the directory.
 *
 * @param digest of the list itself
 * @param files by path
 */
public record DigestList(Digest digest, SortedMap<String, Digest> files) {

    private static final int MAX_BYTES = 1 << 20;
    private static final int BUFFER = 1 << 20;
    private static final Pattern LINE =
            Pattern.compile("([0-9a-fA-F]{64}) [ *](?:\\./)?([^\\\\\\x00-\\x1f]{1,1024})");

    public DigestList {
        files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
    }

    /**
     * Reads a list.
     *
     * @throws NodeException {@code CONFIG_INVALID} with the line that is none, or {@code STORAGE}
     */
    public static DigestList read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw malformed(file + " is longer than " + MAX_BYTES + " bytes");
            }
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }

    /** The same from its bytes; {@code name} is for refusals. */
    public static DigestList parse(String name, byte[] content) {
        SortedMap<String, Digest> files = new TreeMap<>();
        int number = 0;
        for (String line : new String(content, StandardCharsets.UTF_8).lines().toList()) {
            number++;
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            Matcher entry = LINE.matcher(line);
            if (!entry.matches() || leavesTheDirectory(entry.group(2))) {
                throw malformed(
                        "line %d of %s is not 64 hexadecimal digits, two spaces and a path below the directory"
                                .formatted(number, name));
            }
            Digest digest = new Digest(entry.group(1).toLowerCase(Locale.ROOT));
            if (files.put(entry.group(2), digest) != null) {
                throw malformed("line %d of %s names a file again".formatted(number, name));
            }
        }
        if (files.isEmpty()) {
            throw malformed(name + " names no file");
        }
        return new DigestList(Digest.of(content), files);
    }

    private static boolean leavesTheDirectory(String path) {
        return path.startsWith("/") || List.of(path.split("/", -1)).contains("..");
    }

    /**
     * Makes sure that the files of a directory are these and no others. Hidden files and what lies
     * in hidden directories do not count: nothing reads them.
     *
     * @param list where this list lies, which need not be in itself
     * @throws NodeException {@code DIGEST_MISMATCH} with the first file that differs
     */
    public void require(Path directory, Path list) {
        SortedMap<String, Path> found = found(directory, list);
        for (String path : files.keySet()) {
            Path file = directory.resolve(path);
            if (!Files.isRegularFile(file)) {
                throw differs("%s is listed but not there: fetch it".formatted(file));
            }
        }
        for (String path : found.keySet()) {
            if (!files.containsKey(path)) {
                throw differs(
                        "%s is not in the list: move it away if it does not belong to the model"
                                .formatted(directory.resolve(path)));
            }
        }
        files.forEach((path, expected) -> {
            Digest actual = digest(directory.resolve(path));
            if (!actual.equals(expected)) {
                throw differs(
                        "%s has digest %s, the list says %s: fetch it again"
                                .formatted(directory.resolve(path), actual, expected));
            }
        });
    }

    private static SortedMap<String, Path> found(Path directory, Path list) {
        SortedMap<String, Path> found = new TreeMap<>();
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                String path = directory.relativize(file).toString().replace('\\', '/');
                boolean hidden = path.startsWith(".") || path.contains("/.");
                if (!hidden && !(Files.exists(list) && Files.isSameFile(file, list))) {
                    found.put(path, file);
                }
            }
            return found;
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot list " + directory + ": " + e, e);
        }
    }

    private static Digest digest(Path file) {
        MessageDigest sum = Digest.sha256();
        byte[] buffer = new byte[BUFFER];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                sum.update(buffer, 0, read);
            }
            return Digest.ofHash(sum.digest());
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }

    private static NodeException differs(String message) {
        return new NodeException(Code.DIGEST_MISMATCH, message);
    }

    private static NodeException malformed(String message) {
        return new NodeException(Code.CONFIG_INVALID, message);
    }
}
