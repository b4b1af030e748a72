package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.LeasesLapsed;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * When a round goes on without members that do not advance. Only once a quorum is in, and only if
 * all that are awaited are silent: for one that advances the others are waited for too.
 */
final class LeaseRules {

    private LeaseRules() {}

    /**
     * The lapse of everybody who is awaited, if they may lapse.
     *
     * @param arrived contributions or scores that are in
     * @param closesAt when the waiting ends in any case
     * @param most how long it was at its beginning
     * @param silent members that have not advanced for the charter's lease
     */
    static Optional<LeasesLapsed> lapse(
            RoundState state,
            int arrived,
            Instant closesAt,
            Duration most,
            Set<MemberId> silent,
            Charter charter,
            Instant at) {
        List<MemberId> awaited = state.awaited();
        return !awaited.isEmpty()
                        && silent.containsAll(awaited)
                        && arrived >= charter.quorum()
                        && isOld(closesAt, most, charter, at)
                ? Optional.of(new LeasesLapsed(state.number(), awaited, at))
                : Optional.empty();
    }

    /** Whether a lease has passed since the waiting began: nobody can have lapsed before. */
    static boolean isOld(Instant closesAt, Duration most, Charter charter, Instant at) {
        return charter.lease()
                .filter(lease -> !at.isBefore(closesAt.minus(most).plus(lease)))
                .isPresent();
    }
}
