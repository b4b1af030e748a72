package dev.tapestry.coordinator;

import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What the log tells about one round, also long after it.
 *
 * @param plan as announced
 * @param momentum the outer optimiser's state that belonged to the plan's base
 * @param admitted the contributions that were merged, or would be
 * @param candidate the merge's outcome
 */
record RoundRecord(
        RoundPlan plan,
        Optional<Digest> momentum,
        SortedMap<MemberId, Contribution> admitted,
        Optional<Candidate> candidate) {

    RoundRecord {
        admitted = Collections.unmodifiableSortedMap(new TreeMap<>(admitted));
    }

    static RoundRecord announced(RoundPlan plan, Optional<Digest> momentum) {
        return new RoundRecord(plan, momentum, new TreeMap<>(), Optional.empty());
    }

    RoundNumber number() {
        return plan.round();
    }

    RoundRecord admit(Contribution contribution) {
        SortedMap<MemberId, Contribution> more = new TreeMap<>(admitted);
        more.put(contribution.member(), contribution);
        return new RoundRecord(plan, momentum, more, candidate);
    }

    /** The round with just these contributions: revoked members' are gone. */
    RoundRecord ofMembers(SortedMap<MemberId, Contribution> merged) {
        return new RoundRecord(plan, momentum, merged, candidate);
    }

    RoundRecord merged(Candidate outcome, SortedMap<MemberId, Contribution> of) {
        return new RoundRecord(plan, momentum, of, Optional.of(outcome));
    }

    /** The models that belong to the round. */
    Stream<Digest> models() {
        return Stream.concat(Stream.of(plan.base()), candidate.map(Candidate::model).stream());
    }

    /** The momenta that belong to the round. */
    Stream<Digest> momenta() {
        return Stream.concat(momentum.stream(), candidate.flatMap(Candidate::momentum).stream());
    }
}
