package dev.tapestry.weights;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Makes and checks {@link ModelManifest}s: what a model consists of, named by content.
 *
 * <p>Files stream through one buffer of {@value #BUFFER_BYTES} bytes.
 */
public final class Manifests {

    private static final int BUFFER_BYTES = 1 << 20;

    private Manifests() {}

    /** A way in which a directory is not what its manifest says. */
    public enum Difference {
        /** The file is listed but not there. */
        MISSING,
        /** The file is there but not listed. */
        UNEXPECTED,
        /** The file is longer or shorter than listed. */
        LENGTH,
        /** The file has the right length and other content. */
        CONTENT
    }

    /**
     * One file that is not as its manifest says.
     *
     * @param path the file's name
     * @param difference in what way
     * @param detail for people: what was expected and what was found
     */
    public record Problem(String path, Difference difference, String detail) {}

    /** Reads every file that belongs to the model in {@code directory} once. */
    public static ModelManifest of(Path directory) {
        return new ModelManifest(files(directory).stream().map(Manifests::file).toList());
    }

    /** The parts of one file in order, each of {@link ModelManifest#PART_BYTES} but the last. */
    public static List<ModelManifest.Part> parts(Path file) {
        return file(file).parts();
    }

    /** Compares the model in {@code directory} with what it should be; nothing if it is that. */
    public static List<Problem> verify(Path directory, ModelManifest manifest) {
        Map<String, Path> found = new LinkedHashMap<>();
        files(directory).forEach(file -> found.put(file.getFileName().toString(), file));
        List<Problem> problems = new ArrayList<>();
        for (ModelManifest.File file : manifest.files()) {
            Path path = found.remove(file.path());
            if (path == null) {
                problems.add(new Problem(file.path(), Difference.MISSING, "the file is missing"));
            } else {
                compare(path, file, problems);
            }
        }
        found.keySet()
                .forEach(path ->
                        problems.add(
                                new Problem(
                                        path,
                                        Difference.UNEXPECTED,
                                        "the manifest does not list this file")));
        return List.copyOf(problems);
    }

    private static void compare(Path path, ModelManifest.File file, List<Problem> problems) {
        try {
            long bytes = Files.size(path);
            if (bytes != file.bytes()) {
                problems.add(
                        new Problem(
                                file.path(),
                                Difference.LENGTH,
                                "has " + bytes + " bytes instead of " + file.bytes()));
                return;
            }
        } catch (IOException e) {
            throw WeightsException.io("measure", path, e);
        }
        List<ModelManifest.Part> parts = parts(path);
        for (int i = 0; i < parts.size(); i++) {
            if (!parts.get(i).equals(file.parts().get(i))) {
                problems.add(
                        new Problem(
                                file.path(),
                                Difference.CONTENT,
                                "part "
                                        + i
                                        + " has SHA-256 "
                                        + parts.get(i).digest()
                                        + " instead of "
                                        + file.parts().get(i).digest()));
            }
        }
    }

    /** Whether a file is part of the model it lies beside: not hidden, weights or JSON. */
    static boolean belongs(Path file) {
        String name = file.getFileName().toString();
        return !name.startsWith(".")
                && (name.endsWith(".safetensors") || name.endsWith(".json"))
                && Files.isRegularFile(file);
    }

    private static List<Path> files(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Manifests::belongs).sorted().toList();
        } catch (IOException e) {
            throw WeightsException.io("list", directory, e);
        }
    }

    /** Reads one file once and cuts it into parts. */
    public static ModelManifest.File file(Path path) {
        MessageDigest part = Digest.sha256();
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        List<ModelManifest.Part> parts = new ArrayList<>();
        long bytes = 0;
        long inPart = 0;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            while (true) {
                buffer.clear()
                        .limit((int) Math.min(BUFFER_BYTES, ModelManifest.PART_BYTES - inPart));
                int read = channel.read(buffer);
                if (read > 0) {
                    part.update(buffer.array(), 0, read);
                    bytes += read;
                    inPart += read;
                }
                if (inPart == ModelManifest.PART_BYTES || (read < 0 && inPart > 0)) {
                    parts.add(new ModelManifest.Part(Digest.ofHash(part.digest()), inPart));
                    inPart = 0;
                }
                if (read < 0) {
                    return new ModelManifest.File(path.getFileName().toString(), bytes, parts);
                }
            }
        } catch (IOException e) {
            throw WeightsException.io("read", path, e);
        }
    }
}
