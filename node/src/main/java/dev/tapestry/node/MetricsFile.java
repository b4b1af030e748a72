package dev.tapestry.node;

import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Appends each update as one line of canonical JSON. A line that cannot be written does not stop
 * the node. Thread-safe.
 */
public final class MetricsFile implements NodeProgress {

    private static final System.Logger LOG = System.getLogger(MetricsFile.class.getName());

    private final Path file;

    /** Appends to {@code file}, which need not exist. */
    public MetricsFile(Path file) {
        this.file = file;
    }

    @Override
    public synchronized void on(NodeUpdate update) {
        byte[] json = CanonicalJson.write(update);
        byte[] line = new byte[json.length + 1];
        System.arraycopy(json, 0, line, 0, json.length);
        line[json.length] = '\n';
        try (OutputStream out =
                Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            out.write(line);
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "could not write to {0}: {1}; lost: {2}",
                    file,
                    e,
                    new String(json, StandardCharsets.UTF_8));
        }
    }
}
