package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Finished stages by key, so that a build that was killed, or of which a later stage was changed,
 * goes on where it can:
 *
 * <pre>
 * KEY/model/        the model that the stage ended with
 * KEY/stage.json    the {@link StageResult}; written last
 * KEY/checkpoint*   of a stage that is not finished
 * </pre>
 */
final class StageShelf {

    private static final String MODEL = "model";
    private static final String RESULT = "stage.json";

    private final Path folder;

    /** The stages in a folder, which need not exist. */
    StageShelf(Path folder) {
        this.folder = folder;
    }

    /** What came of an order, if it is here and whole. */
    Optional<StageResult> finished(StageOrder order) {
        Path file = place(order).resolve(RESULT);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            StageResult result = CanonicalJson.read(SafeFile.readBytes(file), StageResult.class);
            return Optional.of(result)
                    .filter(found -> found.order().equals(order))
                    .filter(found -> Files.isDirectory(model(order)))
                    .filter(found -> SovereignBuild.digest(model(order)).equals(found.model()));
        } catch (TrustException damaged) {
            return Optional.empty(); // it is made again
        }
    }

    /** Where the model of a stage lies, or will. */
    Path model(StageOrder order) {
        return place(order).resolve(MODEL);
    }

    /** Where a stage works, and keeps what it needs to go on. */
    Path place(StageOrder order) {
        return folder.resolve(CanonicalJson.digest(order).hex());
    }

    /** A folder for the model of a stage; what an interrupted stage has left of it is deleted. */
    Path begin(StageOrder order) {
        try {
            Files.createDirectories(place(order));
            Files.deleteIfExists(place(order).resolve(RESULT));
            Drafts.delete(model(order));
            return model(order);
        } catch (IOException e) {
            throw storage(order, e);
        }
    }

    /** Says that the model of a stage is whole. */
    StageResult finish(StageOrder order, long tokens) {
        try {
            Drafts.syncFiles(model(order));
            Digest model = SovereignBuild.digest(model(order));
            StageResult result = new StageResult(order, model, tokens);
            SafeFile.write(place(order).resolve(RESULT), CanonicalJson.write(result));
            return result;
        } catch (IOException e) {
            throw storage(order, e);
        }
    }

    private NodeException storage(StageOrder order, IOException e) {
        return new NodeException(
                Code.STORAGE, "cannot keep the stage " + place(order) + ": " + e, e);
    }
}
