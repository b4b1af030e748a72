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
 * @param earlier the plans by which late ones of them were trained, by member
 * @param candidate the merge's outcome
 * @param published what became the base
 */
record RoundRecord(
        RoundPlan plan,
        Optional<Digest> momentum,
        Optional<Digest> residual,
        SortedMap<MemberId, Contribution> admitted,
        SortedMap<MemberId, String> keys,
        SortedMap<MemberId, RoundPlan> earlier,
        Optional<Candidate> candidate,
        Optional<BasePublished> published) {

    RoundRecord {
        admitted = Collections.unmodifiableSortedMap(new TreeMap<>(admitted));
        keys = Collections.unmodifiableSortedMap(new TreeMap<>(keys));
        earlier = Collections.unmodifiableSortedMap(new TreeMap<>(earlier));
    }

    static RoundRecord announced(
            RoundPlan plan, Optional<Digest> momentum, Optional<Digest> residual) {
        return new RoundRecord(
                plan,
                momentum,
                residual,
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                Optional.empty(),
                Optional.empty());
    }

    RoundNumber number() {
        return plan.round();
    }

    /** By which a contribution was trained: an earlier round's, if it is late. */
    RoundPlan trainedBy(Contribution contribution) {
        return earlier.getOrDefault(contribution.member(), plan);
    }

    /**
     * With a contribution of a member that has this signing key.
     *
     * @param by the plan by which it was trained
     */
    RoundRecord admit(Contribution contribution, String key, RoundPlan by) {
        MemberId member = contribution.member();
        return new RoundRecord(
                plan,
                momentum,
                residual,
                with(admitted, member, contribution),
                with(keys, member, key),
                contribution.late().isPresent() ? with(earlier, member, by) : earlier,
                candidate,
                published);
    }

    private static <V> SortedMap<MemberId, V> with(
            SortedMap<MemberId, V> entries, MemberId member, V value) {
        SortedMap<MemberId, V> more = new TreeMap<>(entries);
        more.put(member, value);
        return more;
    }

    /** Without a contribution that has to be sent again. */
    RoundRecord lost(MemberId member) {
        SortedMap<MemberId, Contribution> fewer = new TreeMap<>(admitted);
        fewer.remove(member);
        return new RoundRecord(
                plan, momentum, residual, fewer, keys, earlier, candidate, published);
    }

    /** The round with just these contributions: revoked members' are gone. */
    RoundRecord ofMembers(SortedMap<MemberId, Contribution> merged) {
        return new RoundRecord(
                plan, momentum, residual, merged, keys, earlier, candidate, published);
    }

    RoundRecord merged(Candidate outcome, SortedMap<MemberId, Contribution> of) {
        return new RoundRecord(
                plan, momentum, residual, of, keys, earlier, Optional.of(outcome), published);
    }

    RoundRecord published(BasePublished base) {
        return new RoundRecord(
                plan, momentum, residual, admitted, keys, earlier, candidate, Optional.of(base));
    }

    /** The models that belong to the round. */
    Stream<Digest> models() {
        return Stream.concat(
                earlier.values().stream().map(RoundPlan::base),
                Stream.of(
                                Optional.of(plan.base()),
                                plan.gradients().flatMap(SharedGradients::mean),
                                candidate.map(Candidate::model),
                                candidate.flatMap(Candidate::gradient))
                        .flatMap(Optional::stream));
    }

    /** The rounds whose files it was merged from. */
    Stream<RoundNumber> contributedIn() {
        return Stream.concat(Stream.of(number()), earlier.values().stream().map(RoundPlan::round));
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
