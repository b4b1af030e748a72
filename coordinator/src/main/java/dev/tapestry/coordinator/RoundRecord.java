package dev.tapestry.coordinator;

import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.SharedGradients;
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
 * @param residual what coding the step to the plan's base has lost
 * @param admitted the contributions that were merged, or would be
 * @param keys with which their members signed when they were admitted: a member that enrols again
 *     has another one later
 * @param candidate the merge's outcome
 * @param published what became the base
 */
record RoundRecord(
        RoundPlan plan,
        Optional<Digest> momentum,
        Optional<Digest> residual,
        SortedMap<MemberId, Contribution> admitted,
        SortedMap<MemberId, String> keys,
        Optional<Candidate> candidate,
        Optional<BasePublished> published) {

    RoundRecord {
        admitted = Collections.unmodifiableSortedMap(new TreeMap<>(admitted));
        keys = Collections.unmodifiableSortedMap(new TreeMap<>(keys));
    }

    static RoundRecord announced(
            RoundPlan plan, Optional<Digest> momentum, Optional<Digest> residual) {
        return new RoundRecord(
                plan,
                momentum,
                residual,
                new TreeMap<>(),
                new TreeMap<>(),
                Optional.empty(),
                Optional.empty());
    }

    RoundNumber number() {
        return plan.round();
    }

    /** With a contribution of a member that has this signing key. */
    RoundRecord admit(Contribution contribution, String key) {
        SortedMap<MemberId, Contribution> more = new TreeMap<>(admitted);
        more.put(contribution.member(), contribution);
        SortedMap<MemberId, String> moreKeys = new TreeMap<>(keys);
        moreKeys.put(contribution.member(), key);
        return new RoundRecord(plan, momentum, residual, more, moreKeys, candidate, published);
    }

    /** Without a contribution that has to be sent again. */
    RoundRecord lost(MemberId member) {
        SortedMap<MemberId, Contribution> fewer = new TreeMap<>(admitted);
        fewer.remove(member);
        return new RoundRecord(plan, momentum, residual, fewer, keys, candidate, published);
    }

    /** The round with just these contributions: revoked members' are gone. */
    RoundRecord ofMembers(SortedMap<MemberId, Contribution> merged) {
        return new RoundRecord(plan, momentum, residual, merged, keys, candidate, published);
    }

    RoundRecord merged(Candidate outcome, SortedMap<MemberId, Contribution> of) {
        return new RoundRecord(plan, momentum, residual, of, keys, Optional.of(outcome), published);
    }

    RoundRecord published(BasePublished base) {
        return new RoundRecord(
                plan, momentum, residual, admitted, keys, candidate, Optional.of(base));
    }

    /** The models that belong to the round. */
    Stream<Digest> models() {
        return Stream.of(
                        Optional.of(plan.base()),
                        plan.gradients().flatMap(SharedGradients::mean),
                        candidate.map(Candidate::model),
                        candidate.flatMap(Candidate::gradient))
                .flatMap(Optional::stream);
    }

    /** The momenta that belong to the round. */
    Stream<Digest> momenta() {
        return Stream.concat(momentum.stream(), candidate.flatMap(Candidate::momentum).stream());
    }

    /** The residuals that belong to the round. */
    Stream<Digest> residuals() {
        return Stream.concat(residual.stream(), candidate.flatMap(Candidate::residual).stream());
    }
}
