package dev.tapestry.aggregation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The numbers beside the buffers of an {@link OuterState}: a file of one line for each that there
 * is.
 *
 * @param cosine ρ̂, the running mean of the cosine between successive updates
 * @param gathered merges whose updates are in the sum of gathered updates
 */
record StateNotes(OptionalDouble cosine, OptionalInt gathered) {

    static final StateNotes NONE = new StateNotes(OptionalDouble.empty(), OptionalInt.empty());

    /** The files, in the order in which the state's digest takes them. */
    static final List<String> FILES = List.of("measured", "gathered");

    private static final String COSINE = "cosine ";
    private static final String MERGES = "merges ";

    static StateNotes ofCosine(double cosine) {
        return new StateNotes(OptionalDouble.of(cosine), OptionalInt.empty());
    }

    static StateNotes ofGathered(int merges) {
        return new StateNotes(OptionalDouble.empty(), OptionalInt.of(merges));
    }

    /** The notes of a state. */
    static StateNotes in(Path directory) {
        try {
            String cosine = line(directory.resolve(FILES.get(0)), COSINE);
            String merges = line(directory.resolve(FILES.get(1)), MERGES);
            return new StateNotes(
                    cosine.isEmpty()
                            ? OptionalDouble.empty()
                            : OptionalDouble.of(Double.parseDouble(cosine)),
                    merges.isEmpty()
                            ? OptionalInt.empty()
                            : OptionalInt.of(Integer.parseUnsignedInt(merges)));
        } catch (IOException | NumberFormatException | StringIndexOutOfBoundsException e) {
            throw new AggregationException(
                    AggregationException.Code.IO,
                    "cannot read what is noted in " + directory + ": " + e,
                    e);
        }
    }

    private static String line(Path file, String word) throws IOException {
        return Files.exists(file)
                ? Files.readString(file, StandardCharsets.US_ASCII).strip().substring(word.length())
                : "";
    }

    /** Writes them into a state that is being written. */
    void write(Path directory) throws IOException {
        if (cosine.isPresent()) {
            write(
                    directory.resolve(FILES.get(0)),
                    COSINE + Double.toHexString(cosine.getAsDouble()) + "\n");
        }
        if (gathered.isPresent()) {
            write(directory.resolve(FILES.get(1)), MERGES + gathered.getAsInt() + "\n");
        }
    }

    /** Writes a file of a state, to the disk. */
    static void write(Path file, String text) throws IOException {
        Files.writeString(
                file,
                text,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE,
                StandardOpenOption.SYNC);
    }
}
