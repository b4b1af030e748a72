package dev.tapestry.node;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The end of a node's {@code metrics.jsonl}, read also while the node writes it. */
public final class RecentUpdates {

    /** Some thousands of lines, however long the file is. */
    private static final int TAIL = 1 << 20;

    private RecentUpdates() {}

    /**
     * The latest updates, the oldest first; none if the node has not written any. Lines that are
     * cut off, or of another version, are passed over.
     */
    public static List<NodeUpdate> of(NodeHome home) {
        Path file = home.metrics();
        if (!Files.exists(file)) {
            return List.of();
        }
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            long size = in.length();
            long from = Math.max(0, size - TAIL);
            byte[] tail = new byte[(int) (size - from)];
            in.seek(from);
            in.readFully(tail);
            return new String(tail, StandardCharsets.UTF_8)
                    .lines()
                    .flatMap(RecentUpdates::parsed)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<NodeUpdate> parsed(String line) {
        try {
            return Stream.of(
                    CanonicalJson.read(line.getBytes(StandardCharsets.UTF_8), NodeUpdate.class));
        } catch (TrustException _) {
            return Stream.empty();
        }
    }
}
