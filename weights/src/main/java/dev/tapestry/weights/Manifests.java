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
import java.util.Optional;
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
        /** The file has the right length and other content somewhere. */
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

    /** The entry of one file. */
    public static ModelManifest.File file(Path file) {
        List<ModelManifest.Part> parts = parts(file);
        long bytes = parts.stream().mapToLong(ModelManifest.Part::bytes).sum();
        return new ModelManifest.File(file.getFileName().toString(), bytes, parts);
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
        for (int i = 0; i < Math.min(parts.size(), file.parts().size()); i++) {
            if (!parts.get(i).equals(file.parts().get(i))) {
                problems.add(
                        new Problem(
                                file.path(),
                                Difference.CONTENT,
                                "part %d, from byte %d, has SHA-256 %s instead of %s"
                                        .formatted(
                                                i,
                                                i * ModelManifest.PART_BYTES,
                                                parts.get(i).digest(),
                                                file.parts().get(i).digest())));
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

    /** The parts of one file in order, each of {@link ModelManifest#PART_BYTES} but the last. */
    public static List<ModelManifest.Part> parts(Path file) {
        List<ModelManifest.Part> parts = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            for (var part = next(channel, buffer); part.isPresent(); part = next(channel, buffer)) {
                parts.add(part.get());
            }
            return List.copyOf(parts);
        } catch (IOException e) {
            throw WeightsException.io("read", file, e);
        }
    }

    /** The part that begins where {@code channel} stands; none at the end of the file. */
    private static Optional<ModelManifest.Part> next(FileChannel channel, ByteBuffer buffer)
            throws IOException {
        MessageDigest digest = Digest.sha256();
        long bytes = 0;
        while (bytes < ModelManifest.PART_BYTES) {
            long lacking = ModelManifest.PART_BYTES - bytes;
            int read = channel.read(buffer.clear().limit((int) Math.min(BUFFER_BYTES, lacking)));
            if (read < 0) {
                break;
            }
            digest.update(buffer.flip());
            bytes += read;
        }
        return bytes == 0
                ? Optional.empty()
                : Optional.of(new ModelManifest.Part(Digest.ofHash(digest.digest()), bytes));
    }
}
