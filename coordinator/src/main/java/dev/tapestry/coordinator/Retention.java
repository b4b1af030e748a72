package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import java.nio.file.Path;
import java.util.Set;

/**
 * Deletes files of rounds that are long over: what the last rounds, the base and its momentum need
 * stays. The log stays whole.
 */
final class Retention {

    private final int keepRounds;
    private final ModelStore models;
    private final ContributionStore contributions;
    private final Path momenta;
    private final ResidualStore residuals;
    private final SharedFiles shared;

    Retention(
            int keepRounds,
            ModelStore models,
            ContributionStore contributions,
            Path momenta,
            ResidualStore residuals,
            SharedFiles shared) {
        this.keepRounds = keepRounds;
        this.models = models;
        this.contributions = contributions;
        this.momenta = momenta;
        this.residuals = residuals;
        this.shared = shared;
    }

    /**
     * Deletes what need not be kept; call it while no merge is under way.
     *
     * @throws CoordinatorException {@code STORAGE}: something cannot be deleted; what is of another
     *     kind was
     */
    void purge(Consortium now, RoundHistory history) {
        Kept kept = Kept.of(keepRounds, now, history);
        try {
            contributions.keepOnly(kept.contributedIn()::contains);
        } finally {
            try {
                models.keepOnly(kept.models());
            } finally {
                try {
                    keepMomenta(kept.momentaIn(momenta));
                } finally {
                    residuals.keepOnly(kept.residuals());
                }
            }
        }
    }

    private void keepMomenta(Set<Path> kept) {
        shared.keepOnly(momenta, name -> kept.contains(momenta.resolve(name)));
        for (Path momentum : FileTrees.list(momenta)) {
            if (!kept.contains(momentum)) {
                FileTrees.delete(momentum);
            }
        }
    }
}
