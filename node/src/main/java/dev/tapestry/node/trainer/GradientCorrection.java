package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.CodedUpdate;
import java.io.IOException;
import java.nio.file.Path;

/** What a member adds to every gradient, so that it looks like everybody's. */
public final class GradientCorrection {

    private GradientCorrection() {}

    /**
     * Writes everybody's mean gradient less the member's own, both as they were coded.
     *
     * @param own the member's coded gradient
     * @param everybody their coded mean
     * @param base directory of a model whose names, shapes and shards the correction gets
     * @param folder an existing one; what an earlier call left there is replaced
     * @return the directory of the correction, all F32
     * @throws NodeException {@code STORAGE}
     * @throws dev.tapestry.weights.WeightsException what {@link CodedUpdate#decode} and {@link
     *     CodedUpdate#apply} refuse
     */
    public static Path of(Path own, Path everybody, Path base, Path folder) {
        Path mean = folder.resolve("everybody");
        Path correction = folder.resolve("correction");
        try {
            Drafts.delete(mean);
            Drafts.delete(correction);
            try (ModelDirectory model = ModelDirectory.open(base)) {
                CodedUpdate.decode(everybody, model, mean, 1);
            }
            try (ModelDirectory decoded = ModelDirectory.open(mean)) {
                CodedUpdate.apply(own, decoded, correction, 1);
            }
            Drafts.delete(mean);
            return correction;
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot decode gradients in " + folder + ": " + e, e);
        }
    }
}
