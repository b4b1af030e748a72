package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Bases and candidates by digest, and where each of their parts lies.
 *
 * <p>{@code DIGEST.json} beside the folder {@code DIGEST/} holds the canonical bytes that the
 * digest is of; a folder without it was never finished. Thread-safe.
 */
final class ModelStore {

    private static final String SUFFIX = ".json";

    private final Path folder;
    private final Map<Digest, ModelManifest> models = new TreeMap<>();
    private volatile Map<Digest, Place> parts = Map.of();

    /**
     * Where the bytes of a part lie.
     *
     * @param file in which
     * @param offset in bytes
     * @param bytes how many
     */
    record Place(Path file, long offset, long bytes) {}

    /** Opens the store in a folder, which need not exist yet; drops nothing that lies there. */
    ModelStore(Path folder) {
        this.folder = folder;
        FileTrees.create(folder);
        for (Path file : FileTrees.list(folder)) {
            String name = file.getFileName().toString();
            if (name.matches("[0-9a-f]{64}\\.json")) {
                Digest digest = new Digest(name.substring(0, 64));
                models.put(digest, read(file, digest));
            }
        }
        parts = index();
    }

    /** Deletes what an adoption that was cut off has left; call it while nobody adopts. */
    synchronized void dropUnfinished() {
        for (Path file : FileTrees.list(folder)) {
            String name = file.getFileName().toString();
            boolean draft = name.startsWith(".");
            if (draft || (name.matches("[0-9a-f]{64}") && !models.containsKey(new Digest(name)))) {
                FileTrees.delete(file);
            }
        }
    }

    private static ModelManifest read(Path file, Digest digest) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            if (!Digest.of(bytes).equals(digest)) {
                throw new CoordinatorException(
                        Code.MODEL, file + " was changed: it has not the digest that it is named");
            }
            return CanonicalJson.read(bytes, ModelManifest.class);
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        } catch (TrustException e) {
            throw new CoordinatorException(Code.MODEL, file + ": " + e.getMessage(), e);
        }
    }

    /** The manifest of a model, if it is here. */
    synchronized Optional<ModelManifest> manifest(Digest model) {
        return Optional.ofNullable(models.get(model));
    }

    /** The Hugging Face directory of a model, if it is here. */
    synchronized Optional<Path> directory(Digest model) {
        return models.containsKey(model)
                ? Optional.of(folder.resolve(model.hex()))
                : Optional.empty();
    }

    /**
     * Opens a base or candidate.
     *
     * @throws CoordinatorException {@code MODEL} if it is not here or damaged, {@code STORAGE} if
     *     the disk does not give it
     */
    ModelDirectory open(Digest model) {
        Path directory = directory(model).orElseThrow(() -> missing(model));
        try {
            return ModelDirectory.open(directory);
        } catch (WeightsException e) {
            throw e.code() == WeightsException.Code.IO
                    ? CoordinatorException.storage("read", directory, e)
                    : new CoordinatorException(
                            Code.MODEL,
                            "%s is damaged, restore it from a backup: %s"
                                    .formatted(directory, e.getMessage()),
                            e);
        }
    }

    static CoordinatorException missing(Digest model) {
        return new CoordinatorException(
                Code.MODEL,
                "the base " + model + " is not in the model store; restore it from a backup");
    }

    /** Where a part of any model lies, if it is here. */
    Optional<Place> part(Digest part) {
        return Optional.ofNullable(parts.get(part));
    }

    /**
     * Takes a finished model directory on the same file system into the store: reads it once for
     * its digest, then moves it, and names it in its manifest last.
     *
     * @param finished whose files are on the disk already, as merges and writers of models leave
     *     them
     */
    Digest adopt(Path finished) {
        // All of the model is read here; whoever asks for another does not wait for that.
        ModelManifest manifest = Manifests.of(finished);
        return place(finished, manifest, CanonicalJson.write(manifest));
    }

    private synchronized Digest place(Path finished, ModelManifest manifest, byte[] bytes) {
        Digest digest = Digest.of(bytes);
        if (models.containsKey(digest)) {
            FileTrees.delete(finished);
            return digest;
        }
        Path target = folder.resolve(digest.hex());
        FileTrees.delete(target);
        FileTrees.move(finished, target);
        FileTrees.write(folder.resolve(digest.hex() + SUFFIX), bytes);
        models.put(digest, manifest);
        parts = index();
        return digest;
    }

    /** Deletes every model but these. */
    synchronized void keepOnly(Set<Digest> kept) {
        for (Digest model : new TreeSet<>(models.keySet())) {
            if (!kept.contains(model)) {
                models.remove(model);
                parts = index();
                FileTrees.delete(folder.resolve(model.hex() + SUFFIX));
                FileTrees.delete(folder.resolve(model.hex()));
            }
        }
    }

    private Map<Digest, Place> index() {
        Map<Digest, Place> index = new HashMap<>();
        models.forEach((digest, manifest) -> {
            for (ModelManifest.File file : manifest.files()) {
                Path path = folder.resolve(digest.hex()).resolve(file.path());
                long offset = 0;
                for (ModelManifest.Part part : file.parts()) {
                    index.put(part.digest(), new Place(path, offset, part.bytes()));
                    offset += part.bytes();
                }
            }
        });
        return Map.copyOf(index);
    }
}
