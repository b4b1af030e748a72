package dev.tapestry.coordinator;

import dev.tapestry.aggregation.GradientValidator;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.PartSums;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.codec.CodedUpdate;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Makes weights of a contribution's coded update, in the places where they would lie had they been
 * sent themselves: whoever looks at the contribution afterwards need not know how it came.
 */
final class UpdateDecoding {

    private static final String DECODED = ".decoded";

    /** Each has two groups of 3 MiB under way. */
    private static final int MOST_THREADS = 8;

    private final Path folder;
    private final ContributionManifest manifest;
    private final ModelDirectory base;

    private UpdateDecoding(Path folder, ContributionManifest manifest, ModelDirectory base) {
        this.folder = folder;
        this.manifest = manifest;
        this.base = base;
    }

    /**
     * Decodes what was sent, if it is coded; once more if it was before.
     *
     * @param folder of the contribution
     * @param sums learns those of the weights
     * @return why the update cannot be what the manifest says, or empty when the weights are there
     * @throws CoordinatorException {@code STORAGE}; {@code MODEL} if the base is not F32
     */
    static Optional<Refusal> decode(
            Path folder, ContributionManifest manifest, ModelDirectory base, PartSums sums) {
        return manifest.update()
                .flatMap(update -> new UpdateDecoding(folder, manifest, base).decode(update, sums));
    }

    private Optional<Refusal> decode(CodedFile update, PartSums sums) {
        requireWide();
        Path coded = ContributionStore.place(folder, update.file());
        Path decoded = folder.resolve(DECODED);
        FileTrees.delete(decoded);
        try {
            Drafts.sweep(folder);
            Optional<Refusal> refusal = codec(coded, update);
            if (refusal.isEmpty()) {
                int threads = Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());
                CodedUpdate.apply(coded, base, decoded, threads);
                refusal = compared(decoded, sums);
            }
            if (refusal.isEmpty()) {
                for (ModelManifest.File file : manifest.weights().files()) {
                    FileTrees.move(decoded.resolve(file.path()), folder.resolve(file.path()));
                }
            }
            return refusal;
        } catch (WeightsException e) {
            return Optional.of(refusal(e));
        } finally {
            FileTrees.delete(decoded);
        }
    }

    private void requireWide() {
        base.tensors().values().stream()
                .filter(spec -> spec.dtype() != DType.F32)
                .findFirst()
                .ifPresent(spec -> {
                    throw new CoordinatorException(
                            Code.MODEL,
                            "tensor '%s' of the base is %s: updates are applied to F32, adopt the base anew"
                                    .formatted(spec.name(), spec.dtype()));
                });
    }

    private Optional<Refusal> codec(Path coded, CodedFile file) {
        try (CodedUpdate opened = CodedUpdate.open(coded, base.tensors())) {
            return codec(opened, file);
        }
    }

    private static Optional<Refusal> codec(CodedUpdate opened, CodedFile file) {
        String found = opened.codec().wireName();
        return found.equals(file.codec().value())
                ? Optional.empty()
                : Optional.of(
                        new Refusal(
                                Finding.WRONG_CODEC,
                                "'%s' is coded as %s; the manifest says %s"
                                        .formatted(file.file().path(), found, file.codec())));
    }

    /**
     * Why a contribution's mean gradient cannot be one; empty where it can, or where there is none.
     *
     * @param clipNorm of the plan
     */
    static Optional<Refusal> gradient(
            Path folder, ContributionManifest manifest, ModelDirectory base, double clipNorm) {
        return manifest.gradient()
                .flatMap(gradient ->
                        new UpdateDecoding(folder, manifest, base).gradient(gradient, clipNorm));
    }

    private Optional<Refusal> gradient(CodedFile gradient, double clipNorm) {
        Path file = ContributionStore.place(folder, gradient.file());
        try (CodedUpdate opened = CodedUpdate.open(file, base.tensors())) {
            return codec(opened, gradient)
                    .or(() -> new GradientValidator(clipNorm).refusal(opened));
        } catch (WeightsException e) {
            return Optional.of(refusal(e));
        }
    }

    private Optional<Refusal> compared(Path decoded, PartSums sums) {
        return Manifests.verify(decoded, manifest.weights(), sums.learning()).stream()
                .filter(problem -> problem.difference() != Manifests.Difference.UNEXPECTED)
                .findFirst()
                .map(problem ->
                        new Refusal(
                                Finding.DECODES_OTHERWISE,
                                "the update does not give the weights that the manifest names: %s %s"
                                        .formatted(problem.path(), problem.detail())));
    }

    private Refusal refusal(WeightsException e) {
        return switch (e.code()) {
            case IO, NO_SPACE -> throw CoordinatorException.storage("decode in", folder, e);
            case NOT_FINITE -> new Refusal(Finding.NON_FINITE, String.valueOf(e.getMessage()));
            case MISSING_FILE,
                    TARGET,
                    HEADER_LENGTH,
                    HEADER_JSON,
                    HEADER_FIELD,
                    DTYPE,
                    SHAPE,
                    OFFSETS,
                    INDEX,
                    TENSOR,
                    CODEC,
                    PAYLOAD,
                    PART_CODING,
                    UNSUPPORTED ->
                    new Refusal(Finding.MALFORMED, String.valueOf(e.getMessage()));
        };
    }
}
