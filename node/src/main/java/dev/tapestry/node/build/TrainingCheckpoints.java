package dev.tapestry.node.build;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
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
 * What is kept of a training while it goes on, so that whoever is killed does not begin it again.
 * Going on from it gives the same weights, bit by bit.
 *
 * <p>{@code NAME.json} names the latest checkpoint, {@code NAME-STEPS.safetensors} beside it; a
 * crash leaves this one or the one before.
 */
public final class TrainingCheckpoints {

    private static final String SUFFIX = ".safetensors";

    private final Path folder;
    private final String name;
    private final Duration every;
    private long last = System.nanoTime();

    /**
     * A checkpoint in the middle of a training.
     *
     * @param task what was trained: another plan, base or text is another task
     * @param file name of the checkpoint
     * @param done steps
     * @param nats sum of the steps' losses, per token
     */
    public record Kept(String task, String file, int done, double nats) {}

    /**
     * Checkpoints in {@code folder}, which need not exist.
     *
     * @param name that their files begin with
     * @param every how much time may pass between two
     */
    public TrainingCheckpoints(Path folder, String name, Duration every) {
        this.folder = folder;
        this.name = name;
        this.every = every;
    }

    /** The latest checkpoint of this task, if there is one that can be read. */
    public Optional<Kept> find(String task) {
        Path note = note();
        if (!Files.exists(note)) {
            return Optional.empty();
        }
        try {
            return Optional.of(CanonicalJson.read(SafeFile.readBytes(note), Kept.class))
                    .filter(kept -> kept.task().equals(task))
                    .filter(kept -> Files.exists(file(kept)));
        } catch (TrustException e) {
            return Optional.empty(); // damaged: it is trained from its beginning
        }
    }

    private Path note() {
        return folder.resolve(name + ".json");
    }

    /** Where it lies. */
    public Path file(Kept kept) {
        return folder.resolve(Path.of(kept.file()).getFileName());
    }

    /** From now on time counts. */
    public void begin() {
        last = System.nanoTime();
    }

    /** Writes a checkpoint if it is time. */
    public void consider(String task, Trainer trainer, TrainingRun run) {
        if (System.nanoTime() - last < every.toNanos()) {
            return;
        }
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw storage(e);
        }
        Kept kept = new Kept(task, name + "-" + run.done() + SUFFIX, run.done(), run.nats());
        trainer.saveCheckpoint(file(kept));
        SafeFile.write(note(), CanonicalJson.write(kept));
        deleteAllBut(kept.file());
        last = System.nanoTime();
    }

    /** The training is done, or another one begins. */
    public void drop() {
        try {
            Files.deleteIfExists(note());
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
                    files.filter(file -> file.getFileName().toString().startsWith(name + "-"))
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
