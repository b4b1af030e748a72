package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.training.TuningRun;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Finished stages by key, so that a build that was killed, or of which a later stage was changed,
 * goes on where it can:
 *
 * <pre>
 * KEY/model/        the model that the stage ended with
 * KEY/stage.json    the {@link StageResult}; written last
 * KEY/adapter/      what it learnt of low rank, in PEFT's form, if it did
 * KEY/start/        the model that it began with, where that had to be changed for it
 * KEY/learning/     of a stage that is not finished
 * </pre>
 */
final class StageShelf {

    private static final String MODEL = "model";
    private static final String RESULT = "stage.json";
    private static final String LEARNING = "learning";

    private final Path folder;

    /** The stages in a folder, which need not exist. */
    StageShelf(Path folder) {
        this.folder = folder;
    }

    /** What came of an order, if it is here and whole. */
    Optional<StageResult> finished(StageOrder order) {
        return result(place(order))
                .filter(found -> found.order().equals(order))
                .filter(_ -> Files.isDirectory(model(order)))
                .filter(found -> SovereignBuild.digest(model(order)).equals(found.model()));
    }

    /** Where the model of a stage lies, or will. */
    Path model(StageOrder order) {
        return place(order).resolve(MODEL);
    }

    /** Where a stage keeps what it needs to go on. */
    Path learning(StageOrder order) {
        return place(order).resolve(LEARNING);
    }

    /** Where its adapter lies, if it learnt one. */
    Path adapter(StageOrder order) {
        return place(order).resolve("adapter");
    }

    /** Where the model that it begins with lies, if that had to be changed for it. */
    Path start(StageOrder order) {
        return place(order).resolve("start");
    }

    private Path place(StageOrder order) {
        return folder.resolve(CanonicalJson.digest(order).hex());
    }

    /** A folder for the model of a stage; what an interrupted stage has left of it is deleted. */
    Path begin(StageOrder order) {
        try {
            Files.createDirectories(place(order));
            Files.deleteIfExists(place(order).resolve(RESULT));
            Drafts.delete(model(order));
            Drafts.delete(adapter(order));
            return model(order);
        } catch (IOException e) {
            throw storage(order, e);
        }
    }

    /** A place for the model that a stage begins with; what lies there is deleted. */
    Path beginWith(StageOrder order) {
        try {
            Files.createDirectories(place(order));
            Drafts.delete(start(order));
            return start(order);
        } catch (IOException e) {
            throw storage(order, e);
        }
    }

    /** Where it is kept how probable answers are to the model that alignment begins with. */
    Path references(StageOrder order) {
        return place(order).resolve("references.json");
    }

    /** Says that the model of a stage is whole, and forgets what led to it. */
    StageResult finish(StageOrder order, long tokens, TuningRun.Outcome outcome) {
        try {
            Drafts.syncFiles(model(order));
            if (Files.isDirectory(adapter(order))) {
                Drafts.syncFiles(adapter(order));
            }
            Digest model = SovereignBuild.digest(model(order));
            StageResult result =
                    new StageResult(
                            order,
                            model,
                            outcome.best().step(),
                            tokens,
                            outcome.scores().stream().map(StageResult.Score::of).toList());
            SafeFile.write(place(order).resolve(RESULT), CanonicalJson.write(result));
            Drafts.delete(learning(order));
            Drafts.delete(start(order));
            return result;
        } catch (IOException e) {
            throw storage(order, e);
        }
    }

    /** Deletes the finished stages that are meant, and all unfinished ones. */
    void forget(Predicate<StageResult> meant) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> places = Files.list(folder)) {
            for (Path each : places.toList()) {
                Optional<StageResult> result = result(each);
                if (result.isEmpty() || meant.test(result.orElseThrow())) {
                    Drafts.delete(each);
                }
            }
        }
    }

    private static Optional<StageResult> result(Path place) {
        Path file = place.resolve(RESULT);
        try {
            return Files.exists(file)
                    ? Optional.of(CanonicalJson.read(SafeFile.readBytes(file), StageResult.class))
                    : Optional.empty();
        } catch (TrustException damaged) {
            return Optional.empty(); // it is made again
        }
    }

    private NodeException storage(StageOrder order, IOException e) {
        return new NodeException(
                Code.STORAGE, "cannot keep the stage " + place(order) + ": " + e, e);
    }
}
