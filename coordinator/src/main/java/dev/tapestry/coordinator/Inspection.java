package dev.tapestry.coordinator;

import dev.tapestry.aggregation.OuterState;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.Manifests.Difference;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * Reads all that a merge is going to read, and holds it against the digests that the log and the
 * members' manifests give: a disk that has changed a byte since is found out before a candidate is
 * made of it.
 */
final class Inspection {

    private final ModelStore models;
    private final ContributionStore contributions;
    private final Path momenta;
    private final ResidualStore residuals;
    private final SharedFiles shared;

    Inspection(
            ModelStore models,
            ContributionStore contributions,
            Path momenta,
            ResidualStore residuals,
            SharedFiles shared) {
        this.models = models;
        this.contributions = contributions;
        this.momenta = momenta;
        this.residuals = residuals;
        this.shared = shared;
    }

    /**
     * Which contributions are not what was admitted, and in what. Their damaged files are deleted,
     * so that they are awaited when their members send them again.
     *
     * @param begun hears which contribution is read, counted from 1
     * @throws CoordinatorException {@code STORAGE}: the base, or what belongs to it, is damaged; no
     *     member can be asked for that
     */
    SortedMap<MemberId, String> damaged(RoundRecord round, IntConsumer begun) {
        base(round);
        SortedMap<MemberId, String> damaged = new TreeMap<>();
        int number = 0;
        for (Contribution contribution : round.admitted().values()) {
            begun.accept(++number);
            damage(round, contribution).ifPresent(what -> damaged.put(contribution.member(), what));
        }
        return damaged;
    }

    private void base(RoundRecord round) {
        Digest base = round.plan().base();
        if (models.directory(base).isEmpty()) {
            throw MergeWork.notKept(round, "its base");
        }
        models.requireIntact(base);
        round.momentum()
                .map(digest -> OuterState.in(momenta, digest))
                .filter(state -> Files.exists(state.directory()) && !state.isIntact(models.sums()))
                .filter(state ->
                        !shared.restore(
                                state.directory(), draft -> MergeWork.check(draft, state.digest())))
                .ifPresent(state -> {
                    throw restore(state.directory().toString(), "its digest is another");
                });
        round.residual()
                .filter(residuals::isDamaged)
                .filter(digest -> !residuals.restore(digest))
                .ifPresent(digest -> {
                    throw restore(residuals.file(digest).toString(), "its digest is another");
                });
    }

    private static CoordinatorException restore(String what, String how) {
        return new CoordinatorException(
                Code.STORAGE,
                "%s was damaged on the disk (%s): restore it from a backup; the merge waits, nothing of the round is lost"
                        .formatted(what, how));
    }

    /** Nobody is asked again for what the store still has. */
    private Optional<String> damage(RoundRecord round, Contribution contribution) {
        return found(round, contribution)
                .filter(_ ->
                        !contributions.restore(round.number(), contribution)
                                || found(round, contribution).isPresent());
    }

    private Optional<String> found(RoundRecord round, Contribution contribution) {
        Path folder = contributions.here(round.number(), contribution);
        Path envelope = folder.resolve(ContributionStore.ENVELOPE);
        String key = round.keys().getOrDefault(contribution.member(), "");
        try {
            byte[] bytes = Files.exists(envelope) ? Files.readAllBytes(envelope) : new byte[0];
            if (!Digest.of(bytes).equals(contribution.envelope())) {
                FileTrees.delete(envelope);
                return Optional.of("the signed manifest is missing or another one");
            }
            ContributionManifest manifest = SignedManifest.open(bytes, key);
            return damage(folder, manifest, contributions.ofBase(manifest));
        } catch (IOException e) {
            throw CoordinatorException.storage("read", envelope, e);
        } catch (TrustException | WeightsException e) {
            throw CoordinatorException.storage("read", folder, e);
        }
    }

    /** What is wrong in a contribution's folder, where files of the base lie too. */
    private Optional<String> damage(
            Path folder, ContributionManifest manifest, ModelManifest ofBase) {
        Map<Path, String> damages = new TreeMap<>();
        Stream.of(manifest.weights(), ofBase)
                .flatMap(expected -> Manifests.verify(folder, expected, models.sums()).stream())
                .filter(problem -> problem.difference() != Difference.UNEXPECTED)
                .forEach(problem ->
                        damages.putIfAbsent(
                                folder.resolve(problem.path()),
                                problem.path() + " " + problem.detail()));
        // What was sent is sent again only where it, too, is damaged.
        manifest.update()
                .map(CodedFile::file)
                .filter(_ -> !damages.isEmpty())
                .ifPresent(file -> coded(folder, file, damages));
        manifest.gradient().map(CodedFile::file).ifPresent(file -> coded(folder, file, damages));
        if (damages.isEmpty()) {
            return Optional.empty();
        }
        damages.keySet().forEach(FileTrees::delete);
        if (damages.keySet().stream().anyMatch(file -> !file.toString().endsWith(".safetensors"))) {
            // Those are the base's own, which are put there with the manifest.
            FileTrees.delete(folder.resolve(ContributionStore.ENVELOPE));
        }
        String first = damages.values().iterator().next();
        return Optional.of(
                damages.size() == 1
                        ? first
                        : first + "; and %d more".formatted(damages.size() - 1));
    }

    private void coded(Path folder, ModelManifest.File file, Map<Path, String> damages) {
        Path place = ContributionStore.place(folder, file);
        if (!Manifests.isIntact(place, file, models.sums())) {
            damages.put(place, file.path() + " is missing or has another digest");
        }
    }
}
