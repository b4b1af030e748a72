package dev.tapestry.node.round;

import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.SharedGradients;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.ModelReceiver;
import dev.tapestry.node.trainer.GradientCorrection;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The gradients that members share beside weights, where a round's plan has them do so.
 *
 * @param own this member's in the base
 * @param receiver fetches everybody's
 * @param folder where they are kept, of one round at a time
 */
record Gradients(Carried own, ModelReceiver receiver, Path folder) {

    /**
     * What the trainer is to do.
     *
     * @param base whose layout gradients have
     * @param merged the member's latest contribution that a base was made of
     * @param target where the mean gradient is to go
     */
    Optional<GradientTask> task(RoundPlan plan, Path base, Optional<Digest> merged, Path target) {
        return plan.gradients()
                .map(shared -> new GradientTask(correction(shared, base, merged), target));
    }

    private Optional<Path> correction(SharedGradients shared, Path base, Optional<Digest> merged) {
        Optional<Path> mine = own.before(merged);
        Optional<Path> mean = shared.mean().map(this::received);
        return mine.flatMap(
                file -> mean.map(all -> GradientCorrection.of(file, all, base, folder)));
    }

    private Path received(Digest mean) {
        Path directory = receiver.receive(mean);
        try {
            for (Path other : kept()) {
                if (!other.equals(directory)) {
                    Drafts.delete(other);
                }
            }
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot tidy " + folder + ": " + e, e);
        }
        return directory.resolve(CodedFile.GRADIENT);
    }

    private List<Path> kept() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isDirectory).toList();
        }
    }
}
