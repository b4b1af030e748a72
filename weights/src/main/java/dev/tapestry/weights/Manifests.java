package dev.tapestry.weights;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Makes and checks {@link ModelManifest}s: what a model consists of, named by content.
 *
 * <p>Files stream through buffers of 256 KiB, one for each processor.
 */
public final class Manifests {

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
        return of(directory, new PartSums());
    }

    /** The same, and the checksums are remembered. */
    public static ModelManifest of(Path directory, PartSums sums) {
        return new ModelManifest(files(directory).stream().map(file -> file(file, sums)).toList());
    }

    /** The entry of one file. */
    public static ModelManifest.File file(Path file) {
        return file(file, new PartSums());
    }

    private static ModelManifest.File file(Path file, PartSums sums) {
        List<ModelManifest.Part> parts = parts(file, List.of(), sums);
        long bytes = parts.stream().mapToLong(ModelManifest.Part::bytes).sum();
        return new ModelManifest.File(file.getFileName().toString(), bytes, parts);
    }

    /** Compares the model in {@code directory} with what it should be; nothing if it is that. */
    public static List<Problem> verify(Path directory, ModelManifest manifest) {
        return verify(directory, manifest, new PartSums());
    }

    /**
     * The same by checksums as far as they are known: what a disk has changed is found, what
     * somebody has changed on purpose may not be.
     */
    public static List<Problem> verify(Path directory, ModelManifest manifest, PartSums sums) {
        Map<String, Path> found = new LinkedHashMap<>();
        files(directory).forEach(file -> found.put(file.getFileName().toString(), file));
        List<Problem> problems = new ArrayList<>();
        for (ModelManifest.File file : manifest.files()) {
            Path path = found.remove(file.path());
            if (path == null) {
                problems.add(new Problem(file.path(), Difference.MISSING, "the file is missing"));
            } else {
                compare(path, file, sums, problems);
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

    private static void compare(
            Path path, ModelManifest.File file, PartSums sums, List<Problem> problems) {
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
        List<ModelManifest.Part> parts = parts(path, digests(file), sums);
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

    /** The files that belong to the model in a directory, by name. */
    public static List<Path> files(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Manifests::belongs).sorted().toList();
        } catch (IOException e) {
            throw WeightsException.io("list", directory, e);
        }
    }

    /**
     * The parts of one file in order, each of {@link ModelManifest#PART_BYTES} but the last; as
     * many are read at once as there are processors.
     */
    public static List<ModelManifest.Part> parts(Path file) {
        return parts(file, List.of(), new PartSums());
    }

    /** Whether a file is what its entry says. */
    public static boolean isIntact(Path file, ModelManifest.File expected, PartSums sums) {
        return Files.isRegularFile(file)
                && parts(file, digests(expected), sums).equals(expected.parts());
    }

    private static List<Digest> digests(ModelManifest.File file) {
        return file.parts().stream().map(ModelManifest.Part::digest).toList();
    }

    /**
     * The same of a file that should have certain parts.
     *
     * @param expected their digests in order; one whose checksum is known and fits is not hashed
     *     again
     */
    public static List<ModelManifest.Part> parts(Path file, List<Digest> expected, PartSums sums) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            return IntStream.range(0, Math.toIntExact(Math.ceilDiv(size, ModelManifest.PART_BYTES)))
                    .parallel()
                    .mapToObj(index -> {
                        long from = index * ModelManifest.PART_BYTES;
                        PartReader part =
                                new PartReader(
                                        channel,
                                        file,
                                        from,
                                        Math.min(size - from, ModelManifest.PART_BYTES));
                        return index < expected.size()
                                ? part.read(expected.get(index), sums)
                                : part.read(sums);
                    })
                    .toList();
        } catch (IOException e) {
            throw WeightsException.io("read", file, e);
        }
    }
}
