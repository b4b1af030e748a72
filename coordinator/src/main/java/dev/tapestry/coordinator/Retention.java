package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Deletes files of rounds that are long over: what the last rounds, the base and its momentum need
 * stays. The log stays whole.
 */
final class Retention {

    private final int keepRounds;
    private final ModelStore models;
    private final ContributionStore contributions;
    private final Path momenta;

    Retention(int keepRounds, ModelStore models, ContributionStore contributions, Path momenta) {
        this.keepRounds = keepRounds;
        this.models = models;
        this.contributions = contributions;
        this.momenta = momenta;
    }

    /** Deletes what need not be kept; call it while no merge is under way. */
    void purge(Consortium now, RoundHistory history) {
        List<RoundRecord> kept = history.latest(keepRounds);
        Set<RoundNumber> rounds =
                kept.stream().map(RoundRecord::number).collect(Collectors.toSet());
        contributions.keepOnly(rounds::contains);
        Set<Digest> keptModels =
                kept.stream()
                        .flatMap(RoundRecord::models)
                        .collect(Collectors.toCollection(TreeSet::new));
        now.base().ifPresent(keptModels::add);
        models.keepOnly(keptModels);
        Set<String> keptMomenta =
                kept.stream()
                        .flatMap(RoundRecord::momenta)
                        .map(digest -> "momentum-" + digest)
                        .collect(Collectors.toCollection(TreeSet::new));
        now.momentum().ifPresent(digest -> keptMomenta.add("momentum-" + digest));
        for (Path momentum : FileTrees.list(momenta)) {
            if (!keptMomenta.contains(momentum.getFileName().toString())) {
                FileTrees.delete(momentum);
            }
        }
    }
}
