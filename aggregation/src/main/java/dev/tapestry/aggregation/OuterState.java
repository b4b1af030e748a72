package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.weights.Manifests;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What the outer optimiser keeps between two merges, as far as its rule keeps anything:
 *
 * <pre>
 * first-moment/       b or m, laid out as the base, all F32
 * second-moment/      v, likewise
 * previous-update/    Δ of the merge before, likewise
 * measured            one line: "cosine" and ρ̂ as a hexadecimal float
 * </pre>
 *
 * @param directory where it is
 * @param digest SHA-256 over one line per file, in the order above and within a directory by name:
 *     the path and the SHA-256 of each part, separated by spaces and ended by LF
 */
public record OuterState(Path directory, Digest digest) {

    private static final String MEASURED = "measured";
    private static final String COSINE = "cosine ";

    /** The state of this digest among those that merges left in {@code folder}. */
    public static OuterState in(Path folder, Digest digest) {
        return new OuterState(folder.resolve("outer-state-" + digest), digest);
    }

    /** Whether {@code rule} keeps anything between two merges. */
    public static boolean isKeptBy(MergeRule rule) {
        return !Buffer.of(rule).isEmpty();
    }

    /** Whether the directory still holds what the digest says; reads all of it. */
    public boolean isIntact() {
        return digestOf(directory).equals(digest);
    }

    /**
     * Whether it holds what {@code rule} keeps; a state that another kind of rule left does not.
     */
    public boolean fits(MergeRule rule) {
        return buffers().equals(Buffer.of(rule));
    }

    Set<Buffer> buffers() {
        Set<Buffer> found = EnumSet.noneOf(Buffer.class);
        for (Buffer buffer : Buffer.values()) {
            if (Files.isDirectory(directory.resolve(buffer.folder()))) {
                found.add(buffer);
            }
        }
        return found;
    }

    /** The running mean ρ̂ of the cosine between successive updates, once one was measured. */
    OptionalDouble cosine() {
        try {
            Path file = directory.resolve(MEASURED);
            if (!Files.exists(file)) {
                return OptionalDouble.empty();
            }
            String line = Files.readString(file, StandardCharsets.US_ASCII).strip();
            return OptionalDouble.of(Double.parseDouble(line.substring(COSINE.length())));
        } catch (IOException | NumberFormatException | StringIndexOutOfBoundsException e) {
            throw new AggregationException(
                    AggregationException.Code.IO, "cannot read what was measured: " + e, e);
        }
    }

    /** Notes ρ̂ in a state that is being written. */
    static void note(Path directory, double cosine) throws IOException {
        Files.writeString(
                directory.resolve(MEASURED),
                COSINE + Double.toHexString(cosine) + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE,
                StandardOpenOption.SYNC);
    }

    static Digest digestOf(Path directory) {
        StringBuilder lines = new StringBuilder();
        for (Buffer buffer : Buffer.values()) {
            Path folder = directory.resolve(buffer.folder());
            if (Files.isDirectory(folder)) {
                for (ModelManifest.File file : Manifests.of(folder).files()) {
                    lines.append(buffer.folder()).append('/').append(file.path());
                    file.parts().forEach(part -> lines.append(' ').append(part.digest()));
                    lines.append('\n');
                }
            }
        }
        Path measured = directory.resolve(MEASURED);
        if (Files.exists(measured)) {
            lines.append(MEASURED);
            Manifests.parts(measured).forEach(part -> lines.append(' ').append(part.digest()));
            lines.append('\n');
        }
        return Digest.of(lines.toString().getBytes(StandardCharsets.UTF_8));
    }
}
