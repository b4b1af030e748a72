package dev.tapestry.coordinator;

import dev.tapestry.aggregation.OuterState;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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

    Retention(
            int keepRounds,
            ModelStore models,
            ContributionStore contributions,
            Path momenta,
            ResidualStore residuals) {
        this.keepRounds = keepRounds;
        this.models = models;
        this.contributions = contributions;
        this.momenta = momenta;
        this.residuals = residuals;
    }

    /**
     * Deletes what need not be kept; call it while no merge is under way.
     *
     * @throws CoordinatorException {@code STORAGE}: something cannot be deleted; what is of another
     *     kind was
     */
    void purge(Consortium now, RoundHistory history) {
        List<RoundRecord> kept = history.latest(keepRounds);
        try {
            Set<RoundNumber> rounds =
                    kept.stream().flatMap(RoundRecord::contributedIn).collect(Collectors.toSet());
            rounds.addAll(now.closedRounds().keySet());
            contributions.keepOnly(rounds::contains);
        } finally {
            try {
                Set<Digest> needed = with(kept, RoundRecord::models, now.base());
                now.gradient().ifPresent(needed::add);
                now.closedRounds().values().forEach(round -> needed.add(round.plan().base()));
                models.keepOnly(needed);
            } finally {
                try {
                    keepMomenta(with(kept, RoundRecord::momenta, now.momentum()));
                } finally {
                    residuals.keepOnly(with(kept, RoundRecord::residuals, now.residual()));
                }
            }
        }
    }

    private static Set<Digest> with(
            List<RoundRecord> kept,
            Function<RoundRecord, Stream<Digest>> of,
            Optional<Digest> current) {
        return Stream.concat(kept.stream().flatMap(of), current.stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private void keepMomenta(Set<Digest> digests) {
        Set<Path> kept =
                digests.stream()
                        .map(digest -> OuterState.in(momenta, digest).directory())
                        .collect(Collectors.toSet());
        for (Path momentum : FileTrees.list(momenta)) {
            if (!kept.contains(momentum)) {
                FileTrees.delete(momentum);
            }
        }
    }
}
