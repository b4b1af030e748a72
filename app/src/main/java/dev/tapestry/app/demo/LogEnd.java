package dev.tapestry.app.demo;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a program has written into its log since it was started.
 *
 * @param log to which programs append
 * @param start how long the log was before
 */
record LogEnd(Path log, long start) {

    private static final int LINES = 6;
    private static final int MOST_BYTES = 4_096;

    /** What will be written from now on. */
    static LogEnd from(Path log) {
        try {
            return new LogEnd(log, Files.exists(log) ? Files.size(log) : 0);
        } catch (IOException e) {
            return new LogEnd(log, 0);
        }
    }

    /** The last lines, indented, each on a line of its own; empty if there are none. */
    String lines() {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long from = Math.max(start, file.length() - MOST_BYTES);
            byte[] bytes = new byte[(int) Math.max(0, file.length() - from)];
            file.seek(from);
            file.readFully(bytes);
            List<String> lines =
                    new String(bytes, StandardCharsets.UTF_8)
                            .lines()
                            .filter(line -> !line.isBlank())
                            .toList();
            StringBuilder text = new StringBuilder();
            lines.subList(Math.max(0, lines.size() - LINES), lines.size())
                    .forEach(line -> text.append("\n  ").append(line));
            return text.toString();
        } catch (IOException e) {
            return "\n  (its log cannot be read: " + e + ")";
        }
    }
}
