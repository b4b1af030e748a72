package dev.tapestry.aggregation;

import dev.tapestry.consortium.MemberId;
import java.util.Collections;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * What a merge saw of the members' updates, for the log; the same to the last bit for whoever
 * merges the same order.
 *
 * @param members by member id
 * @param aggregateNorm Euclidean norm ‖Δ‖ of the merged update, over all tensors
 * @param cosineWithMomentum between Δ and the momentum b before this merge; empty where there was
 *     none
 */
public record RoundStatistics(
        SequencedMap<MemberId, MemberUpdate> members,
        double aggregateNorm,
        OptionalDouble cosineWithMomentum) {

    /**
     * One member's update Δₘ = θ − θₘ.
     *
     * @param weight wₘ in the merge
     * @param norm Euclidean norm ‖Δₘ‖ over all tensors
     * @param cosineWithAggregate between Δₘ and Δ; 0 where one of them is zero
     */
    public record MemberUpdate(double weight, double norm, double cosineWithAggregate) {}

    public RoundStatistics {
        members = Collections.unmodifiableSequencedMap(new TreeMap<>(members));
    }

    static RoundStatistics of(MergeOrder order, MergeSums sums) {
        SequencedMap<MemberId, MemberUpdate> members = new TreeMap<>();
        int index = 0;
        for (var entry : order.contributions().entrySet()) {
            double squared = sums.memberSquared(index);
            members.put(
                    entry.getKey(),
                    new MemberUpdate(
                            entry.getValue().weight(),
                            Math.sqrt(squared),
                            cosine(
                                    sums.memberWithAggregate(index),
                                    squared,
                                    sums.aggregateSquared())));
            index++;
        }
        OptionalDouble withMomentum =
                order.momentum().isPresent()
                        ? OptionalDouble.of(
                                cosine(
                                        sums.momentumWithAggregate(),
                                        sums.momentumSquared(),
                                        sums.aggregateSquared()))
                        : OptionalDouble.empty();
        return new RoundStatistics(members, Math.sqrt(sums.aggregateSquared()), withMomentum);
    }

    private static double cosine(double product, double squared, double otherSquared) {
        double norms = Math.sqrt(squared) * Math.sqrt(otherSquared);
        return norms == 0 ? 0 : product / norms;
    }
}
