package dev.tapestry.coordinator;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.PartSums;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Bases and candidates by digest, and where each of their parts lies.
 *
 * <p>Of a candidate whose step was coded, {@code DIGEST.update.safetensors} is the update that
 * makes it of the base before it, and {@code DIGEST.update.json} the {@link ModelUpdate} that says
 * so.
 *
 * <p>{@code DIGEST.json} beside the folder {@code DIGEST/} holds the canonical bytes that the
 * digest is of; a folder without it was never finished. Thread-safe.
 */
final class ModelStore {

    private static final String SUFFIX = ".json";
    private static final String UPDATE = ".update.safetensors";
    private static final String UPDATE_SUFFIX = ".update.json";

    private final Path folder;
    private final SharedFiles shared;
    private final PartSums sums = new PartSums();
    private final Map<Digest, ModelManifest> models = new TreeMap<>();
    private final Map<Digest, ModelUpdate> updates = new TreeMap<>();
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
    ModelStore(Path folder, SharedFiles shared) {
        this.folder = folder;
        this.shared = shared;
        FileTrees.create(folder);
        for (String name : shared.names(folder)) {
            if (name.matches("[0-9a-f]{64}(\\.update)?\\.json")) {
                shared.fetch(folder.resolve(name), _ -> {});
            }
        }
        for (Path file : FileTrees.list(folder)) {
            String name = file.getFileName().toString();
            if (name.matches("[0-9a-f]{64}\\.json")) {
                Digest digest = new Digest(name.substring(0, 64));
                models.put(digest, read(file, digest));
                Path update = folder.resolve(digest.hex() + UPDATE_SUFFIX);
                if (Files.exists(update)) {
                    updates.put(digest, read(update));
                }
            }
        }
        parts = index();
    }

    /** Deletes what an adoption that was cut off has left; call it while nobody adopts. */
    synchronized void dropUnfinished() {
        for (Path file : FileTrees.list(folder)) {
            String name = file.getFileName().toString();
            boolean draft = name.startsWith(".");
            boolean nameless =
                    name.matches("[0-9a-f]{64}(\\.update\\.(json|safetensors))?")
                            && !models.containsKey(new Digest(name.substring(0, 64)));
            if (draft || nameless) {
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
            return parsed(file, bytes, ModelManifest.class);
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        }
    }

    private static ModelUpdate read(Path file) {
        try {
            return parsed(file, Files.readAllBytes(file), ModelUpdate.class);
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        }
    }

    private static <T> T parsed(Path file, byte[] bytes, Class<T> type) {
        try {
            return CanonicalJson.read(bytes, type);
        } catch (TrustException e) {
            throw new CoordinatorException(Code.MODEL, file + ": " + e.getMessage(), e);
        }
    }

    /** Checksums of parts that were hashed here, of models and of what is made for them. */
    PartSums sums() {
        return sums;
    }

    /** How to make a model of the base before it, if it came by a coded step. */
    synchronized Optional<ModelUpdate> update(Digest model) {
        return Optional.ofNullable(updates.get(model));
    }

    /** The manifest of a model, if it is here. */
    synchronized Optional<ModelManifest> manifest(Digest model) {
        return Optional.ofNullable(models.get(model));
    }

    /** The Hugging Face directory of a model, if it is here or can be fetched. */
    Optional<Path> directory(Digest model) {
        return manifest(model)
                .map(manifest -> {
                    Path directory = folder.resolve(model.hex());
                    shared.fetch(
                            directory,
                            draft -> check(directory, Manifests.verify(draft, manifest)));
                    return directory;
                });
    }

    /**
     * Makes sure that all of a model is here.
     *
     * @return false if something of it is nowhere
     */
    boolean fetchWhole(Digest model) {
        Optional<Path> directory = directory(model);
        Path update = folder.resolve(model.hex() + UPDATE);
        if (update(model).isPresent()) {
            fetch(update);
        }
        return directory.filter(Files::exists).isPresent()
                && (update(model).isEmpty() || Files.exists(update));
    }

    /** In what the files of a model that is kept are not what its digest names. */
    List<String> differences(Digest model) {
        Path update = folder.resolve(model.hex() + UPDATE);
        List<String> differences = new ArrayList<>();
        fetchWhole(model);
        manifest(model)
                .ifPresent(manifest -> {
                    Path directory = folder.resolve(model.hex());
                    if (Files.isDirectory(directory)) {
                        Manifests.verify(directory, manifest)
                                .forEach(problem ->
                                        differences.add(problem.path() + " " + problem.detail()));
                    } else {
                        differences.add("its files are missing");
                    }
                });
        update(model)
                .map(found -> found.update().file())
                .filter(file -> !Manifests.isIntact(update, file, new PartSums()))
                .ifPresent(_ -> differences.add("its coded update is missing or another one"));
        return differences.stream()
                .map(what -> "model %s: %s".formatted(model.abbreviated(), what))
                .toList();
    }

    private static void check(Path what, List<Manifests.Problem> problems) {
        if (!problems.isEmpty()) {
            throw new CoordinatorException(
                    Code.MODEL,
                    "%s is damaged in the store, restore it from a backup: %s"
                            .formatted(what, problems.getFirst()));
        }
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

    /**
     * Reads a model's files once more; what the disk has changed is fetched again if it can be.
     *
     * @throws CoordinatorException {@code MODEL} if it is not here, {@code STORAGE} if it is not
     *     what it was
     */
    void requireIntact(Digest model) {
        Path directory = directory(model).orElseThrow(() -> missing(model));
        ModelManifest manifest = manifest(model).orElseThrow(() -> missing(model));
        Manifests.verify(directory, manifest, sums).stream()
                .findFirst()
                .filter(_ ->
                        !shared.restore(
                                directory,
                                draft -> check(directory, Manifests.verify(draft, manifest))))
                .ifPresent(problem -> {
                    throw new CoordinatorException(
                            Code.STORAGE,
                            "%s was damaged on the disk (%s): restore it from a backup; nothing of the round is lost"
                                    .formatted(
                                            directory.resolve(problem.path()), problem.detail()));
                });
    }

    static CoordinatorException missing(Digest model) {
        return new CoordinatorException(
                Code.MODEL,
                "the base " + model + " is not in the model store; restore it from a backup");
    }

    /** Where a part of any model lies, if it is here or can be fetched. */
    Optional<Place> part(Digest part) {
        Optional<Place> place = Optional.ofNullable(parts.get(part));
        place.filter(known -> !Files.exists(known.file())).ifPresent(known -> fetch(known.file()));
        return place;
    }

    private void fetch(Path file) {
        String name = folder.relativize(file).getName(0).toString();
        Digest model = new Digest(name.substring(0, 64));
        if (name.endsWith(UPDATE)) {
            update(model).ifPresent(update -> shared.fetch(file, draft -> check(update, draft)));
        } else {
            directory(model);
        }
    }

    private static void check(ModelUpdate update, Path draft) {
        if (!Manifests.parts(draft).equals(update.update().file().parts())) {
            throw new CoordinatorException(
                    Code.MODEL,
                    "the coded update of %s is damaged in the store, restore it from a backup"
                            .formatted(update.base()));
        }
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
        ModelManifest manifest = Manifests.of(finished, sums);
        return place(finished, manifest, CanonicalJson.write(manifest), _ -> {});
    }

    /**
     * The same with the update that makes the model of {@code base}.
     *
     * @param file of the update, on the same file system; moved
     */
    Digest adopt(Path finished, Digest base, CodecName codec, Path file) {
        ModelManifest manifest = Manifests.of(finished, sums);
        ModelUpdate update = new ModelUpdate(base, new CodedFile(codec, Manifests.file(file)));
        return place(
                finished,
                manifest,
                CanonicalJson.write(manifest),
                model -> {
                    FileTrees.move(file, folder.resolve(model.hex() + UPDATE));
                    FileTrees.write(
                            folder.resolve(model.hex() + UPDATE_SUFFIX),
                            CanonicalJson.write(update));
                    updates.put(model, update);
                });
    }

    private Digest place(
            Path finished, ModelManifest manifest, byte[] bytes, Consumer<Digest> beside) {
        Digest digest = Digest.of(bytes);
        placeHere(finished, digest, manifest, bytes, beside);
        keep(digest); // uploads a whole model: whoever asks for another does not wait for that
        return digest;
    }

    private synchronized void placeHere(
            Path finished,
            Digest digest,
            ModelManifest manifest,
            byte[] bytes,
            Consumer<Digest> beside) {
        if (models.containsKey(digest)) {
            FileTrees.delete(finished);
            return;
        }
        Path target = folder.resolve(digest.hex());
        FileTrees.delete(target);
        FileTrees.move(finished, target);
        beside.accept(digest);
        FileTrees.write(folder.resolve(digest.hex() + SUFFIX), bytes);
        models.put(digest, manifest);
        parts = index();
    }

    /** Also what was here before: a coordinator may have been killed before the store had it. */
    private void keep(Digest model) {
        for (String suffix : List.of("", UPDATE, UPDATE_SUFFIX, SUFFIX)) {
            Path place = folder.resolve(model.hex() + suffix);
            if (Files.exists(place)) {
                shared.keep(place);
            }
        }
    }

    /** Deletes every model but these. */
    void keepOnly(Set<Digest> kept) {
        shared.keepOnly(
                folder,
                name ->
                        name.matches("[0-9a-f]{64}.*")
                                && kept.contains(new Digest(name.substring(0, 64))));
        keepOnlyHere(kept);
    }

    private synchronized void keepOnlyHere(Set<Digest> kept) {
        for (Digest model : new TreeSet<>(models.keySet())) {
            if (!kept.contains(model)) {
                models.remove(model);
                updates.remove(model);
                parts = index();
                FileTrees.delete(folder.resolve(model.hex() + SUFFIX));
                FileTrees.delete(folder.resolve(model.hex()));
                FileTrees.delete(folder.resolve(model.hex() + UPDATE_SUFFIX));
                FileTrees.delete(folder.resolve(model.hex() + UPDATE));
            }
        }
    }

    private Map<Digest, Place> index() {
        Map<Digest, Place> index = new HashMap<>();
        models.forEach((digest, manifest) -> {
            for (ModelManifest.File file : manifest.files()) {
                index(file, folder.resolve(digest.hex()).resolve(file.path()), index);
            }
        });
        updates.forEach((digest, update) ->
                index(update.update().file(), folder.resolve(digest.hex() + UPDATE), index));
        return Map.copyOf(index);
    }

    private static void index(ModelManifest.File file, Path path, Map<Digest, Place> index) {
        long offset = 0;
        for (ModelManifest.Part part : file.parts()) {
            index.put(part.digest(), new Place(path, offset, part.bytes()));
            offset += part.bytes();
        }
    }
}
