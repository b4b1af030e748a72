package dev.tapestry.consortium;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The files that make up a model (a Hugging Face directory), each cut into content-addressed parts.
 *
 * <p>The digest of a model is the SHA-256 of this manifest's canonical JSON.
 *
 * @param files sorted by path, no path twice
 */
public record ModelManifest(List<File> files) {

    /**
     * Every part of a file but the last has this length, so that equal files have equal manifests.
     */
    public static final long PART_BYTES = 16L << 20;

    private static final Pattern PATH = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

    /**
     * One file.
     *
     * @param path a plain file name: letters, digits, {@code . _ -}; never a folder, never hidden
     * @param bytes its length
     * @param parts its content in order, all of {@link #PART_BYTES} but the last; their lengths add
     *     up to {@code bytes}
     */
    public record File(String path, long bytes, List<Part> parts) {
        public File {
            parts = List.copyOf(parts);
            if (!PATH.matcher(path).matches()) {
                throw new IllegalArgumentException(
                        "a model's file has a plain name without folders, not '" + path + "'");
            }
            if (parts.stream().mapToLong(Part::bytes).sum() != bytes) {
                throw new IllegalArgumentException(
                        "the parts of '" + path + "' do not add up to its " + bytes + " bytes");
            }
            for (int i = 0; i < parts.size() - 1; i++) {
                if (parts.get(i).bytes() != PART_BYTES) {
                    throw new IllegalArgumentException(
                            "part " + i + " of '" + path + "' is not of " + PART_BYTES + " bytes");
                }
            }
        }
    }

    /**
     * A piece of a file, named by its content.
     *
     * @param digest of its bytes
     * @param bytes 1 to {@link #PART_BYTES}
     */
    public record Part(Digest digest, long bytes) {
        public Part {
            if (bytes < 1 || bytes > PART_BYTES) {
                throw new IllegalArgumentException(
                        "a part has 1 to " + PART_BYTES + " bytes, not " + bytes);
            }
        }
    }

    public ModelManifest {
        files = files.stream().sorted(Comparator.comparing(File::path)).toList();
        Set<String> paths = new HashSet<>();
        for (File file : files) {
            if (!paths.add(file.path())) {
                throw new IllegalArgumentException("'" + file.path() + "' is listed twice");
            }
        }
    }

    /** The size of the whole model. */
    public long bytes() {
        return files.stream().mapToLong(File::bytes).sum();
    }

    /** All parts, in the order of files; a part used twice appears twice. */
    public List<Part> parts() {
        return files.stream().flatMap(file -> file.parts().stream()).toList();
    }
}
