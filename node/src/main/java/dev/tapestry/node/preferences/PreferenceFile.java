package dev.tapestry.node.preferences;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads and writes {@code pairs.jsonl}; it is whole or as it was before. */
final class PreferenceFile {

    /** People look at every line. */
    private static final long MAX_BYTES = 256L << 20;

    private PreferenceFile() {}

    /**
     * All lines.
     *
     * @throws NodeException {@code CONFIG_INVALID} with the line that is no pair; {@code STORAGE}
     */
    static List<PreferenceLine> read(Path file) {
        List<PreferenceLine> lines = new ArrayList<>();
        int number = 0;
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new NodeException(
                        Code.CONFIG_INVALID,
                        "%s has more than %d bytes; review it in parts"
                                .formatted(file, MAX_BYTES));
            }
            for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
                number++;
                if (!line.isBlank()) {
                    lines.add(
                            CanonicalJson.read(
                                    line.getBytes(StandardCharsets.UTF_8), PreferenceLine.class));
                }
            }
        } catch (TrustException e) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "%s, line %d is no pair that 'preferences make' writes: %s"
                            .formatted(file, number, e.getMessage()),
                    e);
        } catch (NoSuchFileException e) {
            throw new NodeException(Code.STORAGE, "there is no file " + file, e);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
        return lines;
    }

    /**
     * Writes all lines at once.
     *
     * @throws NodeException {@code STORAGE}
     */
    static void write(Path file, List<PreferenceLine> lines) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (PreferenceLine line : lines) {
            bytes.writeBytes(CanonicalJson.write(line));
            bytes.write('\n');
        }
        try {
            SafeFile.write(file, bytes.toByteArray());
        } catch (TrustException e) {
            throw new NodeException(Code.STORAGE, String.valueOf(e.getMessage()), e);
        }
    }
}
