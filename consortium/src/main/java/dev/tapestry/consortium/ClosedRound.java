package dev.tapestry.consortium;

import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;

/**
 * A round of the current run that no longer collects, and for which late contributions may still
 * come.
 *
 * @param plan as announced
 * @param closedAt when it stopped collecting
 * @param published whether a base came of it
 * @param given members whose contributions to this round were taken, in it or late
 */
public record ClosedRound(
        RoundPlan plan, Instant closedAt, boolean published, Set<MemberId> given) {

    public ClosedRound {
        given = Set.copyOf(given);
    }

    ClosedRound withBase() {
        return new ClosedRound(plan, closedAt, true, given);
    }

    ClosedRound givenBy(MemberId member) {
        Set<MemberId> more = new TreeSet<>(given);
        more.add(member);
        return new ClosedRound(plan, closedAt, published, more);
    }

    /** What was taken was not merged after all, and may come again. */
    ClosedRound givenBack(MemberId member) {
        Set<MemberId> fewer = new TreeSet<>(given);
        fewer.remove(member);
        return new ClosedRound(plan, closedAt, published, fewer);
    }
}
