package dev.tapestry.coordinator;

import dev.tapestry.aggregation.OuterState;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Fetches what a log needs into a directory, each file compared with its digest. */
final class BackupFiles {

    private final CoordinatorDirectory directory;
    private final ModelStore models;
    private final ResidualStore residuals;
    private final ContributionStore contributions;
    private final MergeWork merges;

    BackupFiles(CoordinatorDirectory directory, SharedFiles fetching) {
        this.directory = directory;
        models = new ModelStore(directory.models(), fetching);
        residuals = new ResidualStore(directory.residuals(), fetching);
        contributions = new ContributionStore(directory.contributions(), models, fetching);
        merges = new MergeWork(models, contributions, directory.momenta(), residuals, fetching);
    }

    /** Fetches all; names the first that is nowhere, and stops there. */
    Optional<String> fetch(Kept needed) {
        return missing(needed).findFirst();
    }

    /** Fetches as much as there is. */
    void fetchWhatIsThere(Kept kept) {
        missing(kept).forEach(what -> {});
    }

    private Stream<String> missing(Kept kept) {
        return Stream.of(
                        kept.models().stream()
                                .filter(model -> !models.fetchWhole(model))
                                .map(model -> "the model " + model),
                        kept.momenta().stream()
                                .filter(state ->
                                        !merges.fetch(OuterState.in(directory.momenta(), state)))
                                .map(state -> "the outer state " + state),
                        kept.residuals().stream()
                                .filter(residual -> !residuals.fetch(residual))
                                .map(residual -> "the residual " + residual),
                        kept.rounds().stream().flatMap(this::missing))
                .flatMap(kind -> kind);
    }

    private Stream<String> missing(RoundRecord round) {
        return round.admitted().values().stream()
                .filter(contribution -> isMissing(round, contribution))
                .map(contribution ->
                        "the contribution of %s to round %s"
                                .formatted(contribution.member(), round.number()));
    }

    private boolean isMissing(RoundRecord round, Contribution contribution) {
        return !Files.exists(contributions.folder(round.number(), contribution));
    }

    /** All manifests were fetched to see which there are; those of models that are not here go. */
    void dropManifestsAlone() {
        for (Path file : FileTrees.list(directory.models())) {
            Digest model = new Digest(file.getFileName().toString().substring(0, 64));
            if (!Files.isDirectory(directory.models().resolve(model.hex()))) {
                FileTrees.delete(file);
            }
        }
    }
}
