package dev.tapestry.node.round;

import dev.tapestry.consortium.CodedFile;
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
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A file of a contribution that the member carries on into its next one: what its codec has lost,
 * or its mean gradient.
 *
 * <p>It lies in the outbox and counts once the log says that a base was made of the contribution.
 * Until then the one before counts, so that whatever is made again is the same.
 */
final class Carried {

    private static final String SUFFIX = ".safetensors";

    private final Path folder;
    private final Outbox outbox;
    private final Function<Outbox.Place, Stream<Path>> places;

    private Carried(Path folder, Outbox outbox, Function<Outbox.Place, Stream<Path>> places) {
        this.folder = folder;
        this.outbox = outbox;
        this.places = places;
    }

    /** What coding has lost; it never leaves the node. */
    static Carried residual(NodeHome home, Outbox outbox) {
        return new Carried(home.residuals(), outbox, place -> Stream.of(place.residual()));
    }

    /** The mean gradient, coded as it was sent. */
    static Carried gradient(NodeHome home, Outbox outbox) {
        return new Carried(
                home.gradients(),
                outbox,
                place ->
                        Stream.of(place.update(), place.weights())
                                .map(sent -> sent.resolve(CodedFile.GRADIENT)));
    }

    /**
     * What the next contribution carries on, if anything; what no longer counts is deleted.
     *
     * @param merged the member's latest contribution that a base was made of
     * @throws NodeException {@code STORAGE}
     */
    Optional<Path> before(Optional<Digest> merged) {
        try {
            Files.createDirectories(folder);
            Optional<Path> kept = merged.map(contribution -> folder.resolve(contribution + SUFFIX));
            if (merged.isPresent() && !Files.exists(kept.get())) {
                Optional<Path> left = outbox.fileOf(merged.get(), places);
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
            throw new NodeException(Code.STORAGE, "cannot keep files in " + folder + ": " + e, e);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
