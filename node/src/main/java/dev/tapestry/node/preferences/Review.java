package dev.tapestry.node.preferences;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * A person's review of pairs. Each decision is on the disk before the next pair is shown, so that
 * a review goes on where it ended. Not thread-safe.
 */
public final class Review {

    private final Path file;
    private final List<PreferenceLine> lines;

    private Review(Path file, List<PreferenceLine> lines) {
        this.file = file;
        this.lines = lines;
    }

    /**
     * Opens a file of pairs.
     *
     * @throws NodeException {@code CONFIG_INVALID} with the line that is none; {@code STORAGE}
     */
    public static Review open(Path file) {
        return new Review(file, PreferenceFile.read(file));
    }

    /** How far it is. */
    public record Progress(int pairs, int pending, int accepted, int edited, int rejected) {}

    /** The first pair from {@code index} on that waits. */
    public OptionalInt next(int index) {
        for (int i = index; i < lines.size(); i++) {
            if (lines.get(i).review().equals(PreferenceLine.PENDING)) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    /** A pair. */
    public PreferenceLine line(int index) {
        return lines.get(index);
    }

    /** It may be learnt from. */
    public void accept(int index) {
        decide(index, lines.get(index).chosen(), PreferenceLine.ACCEPTED);
    }

    /** It is not learnt from. */
    public void reject(int index) {
        decide(index, lines.get(index).chosen(), PreferenceLine.REJECTED);
    }

    /**
     * It may be learnt from with a better answer that a person has written.
     *
     * @throws NodeException {@code CONFIG_INVALID} if that is empty or the rejected one
     */
    public void edit(int index, String answer) {
        try {
            decide(index, answer, PreferenceLine.EDITED);
        } catch (IllegalArgumentException e) {
            throw new NodeException(Code.CONFIG_INVALID, String.valueOf(e.getMessage()), e);
        }
    }

    /** Accepts all that wait, with one writing. */
    public void acceptAll() {
        lines.replaceAll(line ->
                line.review().equals(PreferenceLine.PENDING)
                        ? line.reviewed(line.chosen(), PreferenceLine.ACCEPTED)
                        : line);
        PreferenceFile.write(file, lines);
    }

    private void decide(int index, String answer, String word) {
        lines.set(index, lines.get(index).reviewed(answer, word));
        PreferenceFile.write(file, lines);
    }

    /** How far it is. */
    public Progress progress() {
        return new Progress(
                lines.size(),
                count(PreferenceLine.PENDING),
                count(PreferenceLine.ACCEPTED),
                count(PreferenceLine.EDITED),
                count(PreferenceLine.REJECTED));
    }

    private int count(String word) {
        return (int) lines.stream().filter(line -> line.review().equals(word)).count();
    }
}
