package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.Candidates.Made;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The models of a simulated consortium and the mean gradients that members share, by digest: where
 * they lie and how many bytes bring them to a member. Each round has a folder; those that nobody
 * needs are deleted.
 */
final class ModelShelf {

    /**
     * A model.
     *
     * @param bytes of all its files
     * @param from the base from which a coded step leads to it, and the step's bytes
     */
    private record Entry(Path path, long bytes, Optional<Step> from) {}

    private record Step(Digest base, long bytes) {}

    private final Path work;
    private final Map<Digest, Entry> models = new TreeMap<>();
    private Digest base;
    private Optional<Digest> mean = Optional.empty();

    /** Begins with the model in {@code start}, which may lie below {@code work}. */
    ModelShelf(Path work, Path start) {
        this.work = work;
        var manifest = Manifests.of(start);
        this.base = CanonicalJson.digest(manifest);
        models.put(base, new Entry(start, manifest.bytes(), Optional.empty()));
    }

    Digest baseDigest() {
        return base;
    }

    Path base() {
        return path(base);
    }

    Path path(Digest model) {
        return entry(model).path();
    }

    /** Bytes of a whole model. */
    long bytes() {
        return entry(base).bytes();
    }

    /**
     * Bytes that bring a model to a member: a coded step's to one that has the base before, a whole
     * model's to any other.
     *
     * @param has what the member has
     */
    long bytesTo(Digest model, Set<Digest> has) {
        Entry entry = entry(model);
        return entry.from()
                .filter(step -> has.contains(step.base()))
                .map(Step::bytes)
                .orElse(entry.bytes());
    }

    private Entry entry(Digest model) {
        Entry entry = models.get(model);
        if (entry == null) {
            throw new IllegalStateException("model " + model + " was deleted too early");
        }
        return entry;
    }

    /** The folder of a round, which exists after this. */
    Path folder(RoundNumber round) {
        try {
            return Files.createDirectories(work.resolve("round-" + round));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the contributions to a round lie; need not exist. */
    Path contributions(RoundNumber round) {
        return work.resolve("contributions").resolve(round.toString());
    }

    /** A candidate that members may fetch, and the mean gradient that goes with it. */
    void offer(Made made) {
        Optional<Step> step = made.stepBytes().map(bytes -> new Step(base, bytes));
        models.put(
                made.candidate().model(),
                new Entry(made.model(), Manifests.of(made.model()).bytes(), step));
        made.gradient()
                .ifPresent(gradient ->
                        models.put(
                                made.candidate().gradient().orElseThrow(),
                                new Entry(
                                        gradient,
                                        Manifests.of(gradient).bytes(),
                                        Optional.empty())));
    }

    /** It has become the base. */
    void published(Made made) {
        base = made.candidate().model();
        mean = made.candidate().gradient();
    }

    /**
     * Deletes what is not needed at the end of a round.
     *
     * @param over the round
     * @param needed models that members train from, beside the base and its mean gradient
     */
    void tidy(RoundNumber over, Set<Digest> needed) {
        models.keySet()
                .removeIf(model ->
                        !model.equals(base)
                                && !mean.equals(Optional.of(model))
                                && !needed.contains(model));
        try (var folders = Files.list(work)) {
            Drafts.delete(contributions(over));
            for (Path folder : folders.toList()) {
                if (folder.getFileName().toString().startsWith("round-")
                        && models.values().stream()
                                .noneMatch(entry -> entry.path().startsWith(folder))) {
                    Drafts.delete(folder);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
