package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest.Part;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.PartSums;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Of what an {@link OuterState} consists: its digest is the SHA-256 of these lines.
 *
 * <p>They lie in it too, in {@value #FILE}, which is no part of it itself and which nobody needs to
 * believe: it only says which checksums to try before a part is hashed.
 *
 * @param lines one for each file: the path and the SHA-256 of each part, separated by spaces and
 *     ended by LF
 */
record StateParts(String lines) {

    static final String FILE = "parts";

    /** Reads all of a state; a part whose checksum is known and fits is not hashed again. */
    static StateParts of(Path directory, PartSums sums) {
        Map<String, List<Digest>> noted = noted(directory.resolve(FILE));
        StringBuilder lines = new StringBuilder();
        for (Buffer buffer : Buffer.values()) {
            Path folder = directory.resolve(buffer.folder());
            if (Files.isDirectory(folder)) {
                for (Path file : Manifests.files(folder)) {
                    String path = buffer.folder() + "/" + file.getFileName();
                    append(lines, path, file, noted, sums);
                }
            }
        }
        for (String note : StateNotes.FILES) {
            Path file = directory.resolve(note);
            if (Files.exists(file)) {
                append(lines, note, file, noted, sums);
            }
        }
        return new StateParts(lines.toString());
    }

    private static void append(
            StringBuilder lines,
            String path,
            Path file,
            Map<String, List<Digest>> noted,
            PartSums sums) {
        lines.append(path);
        for (Part part : Manifests.parts(file, noted.getOrDefault(path, List.of()), sums)) {
            lines.append(' ').append(part.digest());
        }
        lines.append('\n');
    }

    private static Map<String, List<Digest>> noted(Path file) {
        Map<String, List<Digest>> noted = new HashMap<>();
        try {
            if (Files.exists(file)) {
                for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                    List<String> words = Arrays.asList(line.split(" "));
                    noted.put(
                            words.getFirst(),
                            words.stream()
                                    .skip(1)
                                    .takeWhile(word -> word.matches("[0-9a-f]{64}"))
                                    .map(Digest::new)
                                    .toList());
                }
            }
            return noted;
        } catch (IOException unreadable) {
            return Map.of(); // then every part is hashed
        }
    }

    Digest digest() {
        return Digest.of(lines.getBytes(StandardCharsets.UTF_8));
    }

    /** Whether a state notes these lines, or none. */
    boolean areWhatIsNoted(Path directory) {
        Path file = directory.resolve(FILE);
        try {
            return !Files.exists(file)
                    || Arrays.equals(
                            Files.readAllBytes(file), lines.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new AggregationException(
                    AggregationException.Code.IO, "cannot read " + file + ": " + e, e);
        }
    }

    /** Writes them into a state that is being written. */
    void write(Path directory) throws IOException {
        StateNotes.write(directory.resolve(FILE), lines);
    }
}
