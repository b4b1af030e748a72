package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a codec has lost of this member's contributions; it never leaves the node.
 *
 * <p>The residual of a contribution is written beside it in the outbox and counts once the log says
 * that a base was made of it. Until then the one before counts, so that whatever is encoded again
 * gives the same bytes.
 */
final class Residuals {

    private static final String SUFFIX = ".safetensors";

    private final NodeHome home;
    private final Outbox outbox;

    Residuals(NodeHome home, Outbox outbox) {
        this.home = home;
        this.outbox = outbox;
    }

    /**
     * What the next contribution carries on, if anything; what no longer counts is deleted.
     *
     * @param merged the member's latest contribution that a base was made of
     * @throws NodeException {@code STORAGE}
     */
    Optional<Path> before(Optional<Digest> merged) {
        try {
            Files.createDirectories(home.residuals());
            Optional<Path> kept =
                    merged.map(contribution -> home.residuals().resolve(contribution + SUFFIX));
            if (merged.isPresent() && !Files.exists(kept.get())) {
                Optional<Path> left = outbox.residualOf(merged.get());
                if (left.isPresent()) {
                    Drafts.publish(left.get(), kept.get());
                }
            }
            for (Path file : files()) {
                if (!kept.equals(Optional.of(file))) {
                    Files.delete(file);
                }
            }
            return kept.filter(Files::exists);
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot keep residuals in " + home.residuals() + ": " + e, e);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(home.residuals())) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
