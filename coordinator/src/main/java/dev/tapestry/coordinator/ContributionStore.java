package dev.tapestry.coordinator;

import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundNumber;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The files of contributions: {@code ROUND/MEMBER/DIGEST/}, where the digest is that of the signed
 * envelope, which lies among them as {@code .envelope.json}.
 *
 * <p>A contribution's weights are sent; configuration, tokenizer and index are the base's own, so
 * that nobody can bring in others. A coded update is sent in place of the weights and kept beside
 * them, hidden; the weights appear when it is decoded.
 */
final class ContributionStore {

    static final String ENVELOPE = ".envelope.json";
    private static final String WEIGHTS = ".safetensors";

    private final Path root;
    private final ModelStore models;
    private final SharedFiles shared;
    private final EnvelopeShelf envelopes;

    ContributionStore(Path root, ModelStore models, SharedFiles shared) {
        this.root = root;
        this.models = models;
        this.shared = shared;
        this.envelopes = new EnvelopeShelf(root, root.resolveSibling("envelopes"), shared);
        FileTrees.create(root);
    }

    /** Where a contribution lies that was admitted to this round, if it is here. */
    Path here(RoundNumber round, Contribution contribution) {
        return folder(
                contribution.trainedIn(round), contribution.member(), contribution.envelope());
    }

    /** Where a contribution lies that was admitted to this round, fetched if it can be. */
    Path folder(RoundNumber round, Contribution contribution) {
        Path folder = here(round, contribution);
        shared.fetch(folder, draft -> FetchedContribution.check(draft, contribution));
        return folder;
    }

    /**
     * Puts what the store has in the place of a contribution that the disk has damaged.
     *
     * @return false if the store has none, or no better one; it has none then
     */
    boolean restore(RoundNumber round, Contribution contribution) {
        Path folder = here(round, contribution);
        boolean restored =
                shared.restore(folder, draft -> FetchedContribution.check(draft, contribution));
        if (!restored) {
            shared.drop(folder); // or what comes again would be taken for what is there
        }
        return restored;
    }

    private Path folder(RoundNumber round, MemberId member, Digest envelope) {
        return root.resolve(round.toString()).resolve(member.value()).resolve(envelope.hex());
    }

    /** Why these files cannot take the place of the base's; empty where they can. */
    Optional<Refusal> refusal(ContributionManifest manifest) {
        ModelManifest base = base(manifest);
        Set<String> expected = new TreeSet<>();
        Set<String> found = new TreeSet<>();
        weights(base).forEach(file -> expected.add(file.path()));
        weights(manifest.weights()).forEach(file -> found.add(file.path()));
        if (!expected.equals(found)) {
            return malformed("the weights are in files " + found + "; the base's in " + expected);
        }
        return misnamed(manifest.update(), CodedFile.UPDATE)
                .or(() -> misnamed(manifest.gradient(), CodedFile.GRADIENT))
                .or(() -> foreign(manifest, base));
    }

    private static Optional<Refusal> misnamed(Optional<CodedFile> coded, String name) {
        return coded.map(file -> file.file().path())
                .filter(path -> !path.equals(name))
                .flatMap(path ->
                        malformed("a coded file is '%s'; call it '%s'".formatted(path, name)));
    }

    private static Optional<Refusal> foreign(ContributionManifest manifest, ModelManifest base) {
        return manifest.weights().files().stream()
                .filter(file -> !isWeights(file) && !base.files().contains(file))
                .findFirst()
                .flatMap(file ->
                        malformed(
                                "'%s' is not the base's file of that name; send weights only"
                                        .formatted(file.path())));
    }

    /**
     * Opens the folder of an upload; what an earlier process received of it is found again. Other
     * uploads of the member in this round are dropped, except {@code kept}.
     */
    Upload open(
            Digest envelope,
            byte[] envelopeBytes,
            ContributionManifest manifest,
            String signingKey,
            Predicate<Digest> kept) {
        Path folder = folder(manifest.round(), manifest.member(), envelope);
        for (Path other : FileTrees.list(folder.resolveSibling("."))) {
            if (!other.getFileName().equals(folder.getFileName())
                    && !kept.test(new Digest(other.getFileName().toString()))) {
                FileTrees.delete(other);
            }
        }
        if (!isPrepared(folder, envelope)) {
            prepare(folder, envelopeBytes, manifest);
        }
        Upload upload =
                new Upload(
                        envelope,
                        manifest,
                        signingKey,
                        folder,
                        awaited(folder, manifest),
                        models.sums());
        upload.recover();
        return upload;
    }

    /** The files that are sent, by where they go. */
    private static SequencedMap<Path, ModelManifest.File> awaited(
            Path folder, ContributionManifest manifest) {
        SequencedMap<Path, ModelManifest.File> awaited = new LinkedHashMap<>();
        if (manifest.update().isPresent()) {
            manifest.sent().files().forEach(file -> awaited.put(place(folder, file), file));
        } else {
            weights(manifest.weights())
                    .forEach(file -> awaited.put(folder.resolve(file.path()), file));
        }
        manifest.gradient()
                .map(CodedFile::file)
                .ifPresent(file -> awaited.put(place(folder, file), file));
        return awaited;
    }

    /** Where a coded file lies; hidden, for it is no part of the model. */
    static Path place(Path folder, ModelManifest.File coded) {
        return folder.resolve("." + coded.path());
    }

    /** Where an admitted contribution's mean gradient lies, if it has one. */
    static Path gradient(Path folder) {
        return folder.resolve("." + CodedFile.GRADIENT);
    }

    /** The envelope is written last: where it is whole, so is what lies beside it. */
    private static boolean isPrepared(Path folder, Digest envelope) {
        Path file = folder.resolve(ENVELOPE);
        try {
            return Files.exists(file) && Digest.of(Files.readAllBytes(file)).equals(envelope);
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        }
    }

    /** The base's files that lie beside the weights. */
    ModelManifest ofBase(ContributionManifest manifest) {
        return new ModelManifest(
                base(manifest).files().stream().filter(file -> !isWeights(file)).toList());
    }

    private void prepare(Path folder, byte[] envelope, ContributionManifest manifest) {
        FileTrees.create(folder);
        Path base =
                models.directory(manifest.base())
                        .orElseThrow(() -> ModelStore.missing(manifest.base()));
        for (ModelManifest.File file : ofBase(manifest).files()) {
            FileTrees.linkOrCopy(base.resolve(file.path()), folder.resolve(file.path()));
        }
        FileTrees.sync(folder);
        FileTrees.write(folder.resolve(ENVELOPE), envelope);
    }

    /** Keeps the files of an upload that is complete where the next coordinator finds them. */
    void keep(Upload upload) {
        shared.keep(upload.folder());
    }

    /** Deletes the files of an upload. */
    void drop(Upload upload) {
        FileTrees.delete(upload.folder());
        shared.drop(upload.folder());
    }

    /** Deletes everything of rounds that are not {@code kept}, but what members signed. */
    void keepOnly(Predicate<RoundNumber> kept) {
        envelopes.keep(name -> isOver(name, kept));
        shared.keepOnly(root, name -> !isOver(name, kept));
        for (Path round : FileTrees.list(root)) {
            if (isOver(round.getFileName().toString(), kept)) {
                FileTrees.delete(round);
            }
        }
    }

    private static boolean isOver(String name, Predicate<RoundNumber> kept) {
        return name.matches("[1-9][0-9]{0,8}")
                && !kept.test(new RoundNumber(Integer.parseInt(name)));
    }

    private ModelManifest base(ContributionManifest manifest) {
        return models.manifest(manifest.base())
                .orElseThrow(() -> ModelStore.missing(manifest.base()));
    }

    private static List<ModelManifest.File> weights(ModelManifest manifest) {
        return manifest.files().stream().filter(ContributionStore::isWeights).toList();
    }

    private static boolean isWeights(ModelManifest.File file) {
        return file.path().endsWith(WEIGHTS);
    }

    private static Optional<Refusal> malformed(String detail) {
        return Optional.of(new Refusal(Finding.MALFORMED, detail));
    }
}
