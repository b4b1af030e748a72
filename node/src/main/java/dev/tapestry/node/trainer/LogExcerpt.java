package dev.tapestry.node.trainer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The first lines of what a trainer printed, for a message of the node to its own member. */
final class LogExcerpt {

    private static final int READ_BYTES = 4096;
    private static final int LINES = 5;
    private static final int LONGEST = 200;

    private LogExcerpt() {}

    /** A sentence with the lines and the file's name, or with the name only. */
    static String of(Path log) {
        if (!JobFiles.plain(log)) {
            return "";
        }
        try (InputStream in = Files.newInputStream(log)) {
            String begin = new String(in.readNBytes(READ_BYTES), StandardCharsets.UTF_8);
            List<String> lines =
                    begin.lines()
                            .filter(line -> !line.isBlank())
                            .limit(LINES)
                            .map(LogExcerpt::printable)
                            .toList();
            return lines.isEmpty()
                    ? "; it printed nothing"
                    : "; %s begins: %s".formatted(log, String.join(" | ", lines));
        } catch (IOException e) {
            return "; " + log + " cannot be read: " + e;
        }
    }

    /** Without colours, bells and half characters, and not too long. */
    private static String printable(String line) {
        String clean = line.replaceAll("[\\p{Cntrl}\\p{Cs}]", " ").strip();
        return clean.length() <= LONGEST
                ? clean
                : clean.substring(0, LONGEST).replaceAll("\\p{Cs}$", "") + "…";
    }
}
