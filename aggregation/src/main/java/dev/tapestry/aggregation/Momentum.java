package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.weights.Manifests;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The outer optimiser's buffer b between two merges: a directory laid out as the base, all F32.
 *
 * @param directory where it is
 * @param digest SHA-256 over one line per file, sorted by name: the name and the SHA-256 of each
 *     part, separated by spaces and ended by LF
 */
public record Momentum(Path directory, Digest digest) {

    /** The buffer of this digest among those that merges left in {@code folder}. */
    public static Momentum in(Path folder, Digest digest) {
        return new Momentum(folder.resolve("momentum-" + digest), digest);
    }

    /** Whether the directory still holds what the digest says; reads all of it. */
    public boolean isIntact() {
        return digestOf(directory).equals(digest);
    }

    static Digest digestOf(Path directory) {
        StringBuilder lines = new StringBuilder();
        for (ModelManifest.File file : Manifests.of(directory).files()) {
            lines.append(file.path());
            file.parts().forEach(part -> lines.append(' ').append(part.digest()));
            lines.append('\n');
        }
        return Digest.of(lines.toString().getBytes(StandardCharsets.UTF_8));
    }
}
