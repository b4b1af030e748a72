package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.LeasesLapsed;
import dev.tapestry.consortium.RoundInput.Silent;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * When a round goes on without members that do not advance. Only once a quorum is in, and only if
 * all that are awaited are silent: for one that advances the others are waited for too.
 *
 * <p>Nobody is silent for a lease before one has passed since the waiting began; but of whom a
 * lease lapsed before, and nothing came since, its silence goes on. A member that has left for good
 * costs one lease, not one in each wait.
 */
final class LeaseRules {

    private LeaseRules() {}

    /**
     * The lapse of everybody who is awaited, if they may lapse.
     *
     * @param arrived contributions or scores that are in
     * @param closesAt when the waiting ends in any case
     * @param most how long it was at its beginning
     * @param silent who has not advanced for the charter's lease, and who was away before
     */
    static Optional<LeasesLapsed> lapse(
            RoundState state,
            int arrived,
            Instant closesAt,
            Duration most,
            Silent silent,
            Charter charter) {
        List<MemberId> awaited = state.awaited();
        return !awaited.isEmpty()
                        && charter.lease().isPresent()
                        && silent.members().containsAll(awaited)
                        && arrived >= charter.quorum()
                        && (silent.away().containsAll(awaited)
                                || isOld(closesAt, most, charter, silent.at()))
                ? Optional.of(new LeasesLapsed(state.number(), awaited, silent.at()))
                : Optional.empty();
    }

    /** Whether a lease has passed since the waiting began: nobody can have lapsed before. */
    static boolean isOld(Instant closesAt, Duration most, Charter charter, Instant at) {
        return charter.lease()
                .filter(lease -> !at.isBefore(closesAt.minus(most).plus(lease)))
                .isPresent();
    }
}
