package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.training.Trainer;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What is kept of a round's training while it goes on, so that a node that is killed does not begin
 * the round again. Going on from it gives the same weights, bit by bit.
 *
 * <p>{@code in-round.json} names the latest checkpoint, which lies beside it; a crash leaves this
 * one or the one before.
 */
final class RoundCheckpoints {

    private static final String NOTE = "in-round.json";
    private static final String PREFIX = "in-round-";
    private static final String SUFFIX = ".safetensors";

    private final Path folder;
    private final Duration every;
    private long last = System.nanoTime();

    /**
     * A checkpoint in the middle of a round.
     *
     * @param task what was trained: another plan, base or text is another task
     * @param file name of the checkpoint
     * @param done steps
     * @param nats sum of the steps' losses, per token
     */
    record Kept(String task, String file, int done, double nats) {}

    /**
     * Checkpoints in {@code folder}, which need not exist.
     *
     * @param every how much time may pass between two
     */
    RoundCheckpoints(Path folder, Duration every) {
        this.folder = folder;
        this.every = every;
    }

    /** The latest checkpoint of this task, if there is one that can be read. */
    Optional<Kept> find(String task) {
        Path note = folder.resolve(NOTE);
        if (!Files.exists(note)) {
            return Optional.empty();
        }
        try {
            return Optional.of(CanonicalJson.read(SafeFile.readBytes(note), Kept.class))
                    .filter(kept -> kept.task().equals(task))
                    .filter(kept -> Files.exists(file(kept)));
        } catch (TrustException e) {
            return Optional.empty(); // damaged: the round is trained from its beginning
        }
    }

    /** Where it lies. */
    Path file(Kept kept) {
        return folder.resolve(Path.of(kept.file()).getFileName());
    }

    /** From now on time counts. */
    void begin() {
        last = System.nanoTime();
    }

    /** Writes a checkpoint if it is time. */
    void consider(String task, Trainer trainer, TrainingRun run) {
        if (System.nanoTime() - last < every.toNanos()) {
            return;
        }
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw storage(e);
        }
        Kept kept = new Kept(task, PREFIX + run.done() + SUFFIX, run.done(), run.nats());
        trainer.saveCheckpoint(file(kept));
        SafeFile.write(folder.resolve(NOTE), CanonicalJson.write(kept));
        deleteAllBut(kept.file());
        last = System.nanoTime();
    }

    /** The round is trained, or another one begins. */
    void drop() {
        try {
            Files.deleteIfExists(folder.resolve(NOTE));
        } catch (IOException e) {
            throw storage(e);
        }
        deleteAllBut("");
    }

    private void deleteAllBut(String kept) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> old =
                    files.filter(file -> file.getFileName().toString().startsWith(PREFIX))
                            .filter(file -> !file.getFileName().toString().equals(kept))
                            .toList();
            for (Path file : old) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw storage(e);
        }
    }

    private NodeException storage(IOException e) {
        return new NodeException(
                Code.STORAGE, "cannot keep checkpoints in " + folder + ": " + e, e);
    }
}
