package dev.tapestry.node.trainer;

import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Says that what was trained lies whole beside it, and what training gave: after a cut nothing is
 * left but to carry it on.
 *
 * @param file {@code trained.json}
 */
public record TrainedNote(Path file) {

    private record Trained(String task, TrainingRun.Result result) {}

    /** The note on what lies in a folder. */
    public static TrainedNote in(Path folder) {
        return new TrainedNote(folder.resolve("trained.json"));
    }

    /**
     * What training gave, if it is noted and was this task; a damaged note is as good as none.
     *
     * @param task another plan or text is another task
     */
    public Optional<TrainingRun.Result> of(String task) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Trained trained = CanonicalJson.read(SafeFile.readBytes(file), Trained.class);
            return trained.task().equals(task) ? Optional.of(trained.result()) : Optional.empty();
        } catch (TrustException _) {
            return Optional.empty();
        }
    }

    /** Notes what training a task gave; its files are durable before. */
    public void write(String task, TrainingRun.Result result) {
        SafeFile.write(file, CanonicalJson.write(new Trained(task, result)));
    }
}
