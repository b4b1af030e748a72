package dev.tapestry.coordinator;

import dev.tapestry.aggregation.OuterState;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What of a coordinator's files is still needed: by the last rounds, and by the state now.
 *
 * @param rounds whose files are kept
 * @param contributedIn rounds whose contributions are: what misses its round may go into a later
 *     one
 * @param models bases, candidates and mean gradients
 * @param momenta the outer optimiser's states
 * @param residuals what coding steps has lost
 */
record Kept(
        List<RoundRecord> rounds,
        Set<RoundNumber> contributedIn,
        Set<Digest> models,
        Set<Digest> momenta,
        Set<Digest> residuals) {

    static Kept of(int keepRounds, Consortium now, RoundHistory history) {
        return of(history.latest(keepRounds), now);
    }

    /** What belongs to one round. */
    static Kept of(RoundRecord round) {
        return of(List.of(round));
    }

    /** What nothing can go on without: what belongs to the base, and a round that is under way. */
    static Kept needed(Consortium now, RoundHistory history) {
        boolean underWay = now.round().filter(round -> !round.over()).isPresent();
        return of(history.latest(underWay ? 1 : 0), now);
    }

    private static Kept of(List<RoundRecord> rounds, Consortium now) {
        Kept kept = of(rounds);
        now.base().ifPresent(kept.models::add);
        now.gradient().ifPresent(kept.models::add);
        now.closedRounds().values().forEach(round -> kept.models.add(round.plan().base()));
        kept.contributedIn.addAll(now.closedRounds().keySet());
        now.momentum().ifPresent(kept.momenta::add);
        now.residual().ifPresent(kept.residuals::add);
        return kept;
    }

    private static Kept of(List<RoundRecord> rounds) {
        return new Kept(
                rounds,
                all(rounds, RoundRecord::contributedIn),
                all(rounds, RoundRecord::models),
                all(rounds, RoundRecord::momenta),
                all(rounds, RoundRecord::residuals));
    }

    private static <T> Set<T> all(List<RoundRecord> rounds, Function<RoundRecord, Stream<T>> of) {
        return rounds.stream().flatMap(of).collect(Collectors.toCollection(TreeSet::new));
    }

    /** Where the outer optimiser's states lie below a folder. */
    Set<Path> momentaIn(Path folder) {
        return momenta.stream()
                .map(digest -> OuterState.in(folder, digest).directory())
                .collect(Collectors.toSet());
    }
}
