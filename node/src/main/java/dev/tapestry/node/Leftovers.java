package dev.tapestry.node;

import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.access.TokenPacks;
import dev.tapestry.node.build.SovereignShelf;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a killed node leaves lying about: drafts of weights and checkpoints, models that were half
 * deleted or half replaced, packs that were not finished. A half received model is none of it: the
 * node goes on where it was cut off, and drops it when the loop no longer needs it.
 */
final class Leftovers {

    private Leftovers() {}

    /**
     * Removes them; only while nothing else works in the directory.
     *
     * @throws NodeException {@code STORAGE}
     */
    static void sweep(NodeHome home) {
        try {
            for (Path model : in(home.models())) {
                if (model.getFileName().toString().matches("\\.[0-9a-f]{64}\\.old")) {
                    Drafts.delete(model);
                }
            }
            sweepDrafts(home.models());
            sweepDrafts(home.trainer());
            for (Path round : in(home.outbox())) {
                sweepDrafts(round);
            }
            sweepDrafts(home.residuals());
            sweepDrafts(home.gradients());
            sweepDrafts(home.sovereign());
            new SovereignShelf(home).recover();
            new TokenPacks(home).prune();
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot tidy " + home.directory() + ": " + e, e);
        }
    }

    private static void sweepDrafts(Path folder) {
        if (Files.isDirectory(folder)) {
            Drafts.sweep(folder);
        }
    }

    private static List<Path> in(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
