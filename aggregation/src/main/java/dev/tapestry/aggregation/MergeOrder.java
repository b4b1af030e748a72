package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.ModelDirectory;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * Everything that determines a merge: equal orders give equal bytes, on every machine.
 *
 * @param base θ, all tensors F32
 * @param baseDigest of the base's manifest
 * @param contributions by member; they are summed in the order of member ids whatever the order
 *     here, and their weights sum to 1
 * @param rule of the merge
 * @param state of the outer optimiser after the last merge; empty in the first round and where
 *     nothing is kept
 * @param keepsUpdate whether Δ is kept for the next merge even where the rule does not ask for it,
 *     so that the next merge can tell the cosine with it
 */
public record MergeOrder(
        ModelDirectory base,
        Digest baseDigest,
        SequencedMap<MemberId, WeightedContribution> contributions,
        MergeRule rule,
        Optional<OuterState> state,
        boolean keepsUpdate) {

    /** How far from 1 the weights may sum. */
    static final double WEIGHT_TOLERANCE = 1e-9;

    public MergeOrder {
        contributions = Collections.unmodifiableSequencedMap(new TreeMap<>(contributions));
        double sum = 0;
        for (WeightedContribution contribution : contributions.values()) {
            sum += contribution.weight();
        }
        if (!(Math.abs(sum - 1) <= WEIGHT_TOLERANCE)) {
            throw new AggregationException(
                    AggregationException.Code.INVALID_ORDER,
                    "the weights of %d contributions sum to %s, not to 1"
                            .formatted(contributions.size(), sum));
        }
        if (buffers(rule, keepsUpdate).isEmpty() && state.isPresent()) {
            throw new AggregationException(
                    AggregationException.Code.INVALID_ORDER,
                    "a rule that keeps no outer state does not read one; leave it out");
        }
    }

    /**
     * An order by member without a particular sequence, which keeps for the next what its rule asks
     * for.
     */
    public static MergeOrder of(
            ModelDirectory base,
            Digest baseDigest,
            Map<MemberId, WeightedContribution> contributions,
            MergeRule rule,
            Optional<OuterState> state) {
        return new MergeOrder(base, baseDigest, new TreeMap<>(contributions), rule, state, false);
    }

    /** The same which also keeps the update under any rule, as a consortium's rounds do. */
    public static MergeOrder keepingUpdate(
            ModelDirectory base,
            Digest baseDigest,
            Map<MemberId, WeightedContribution> contributions,
            MergeRule rule,
            Optional<OuterState> state) {
        return new MergeOrder(base, baseDigest, new TreeMap<>(contributions), rule, state, true);
    }

    /** What the merge keeps for the next, in the order of {@link Buffer}. */
    Set<Buffer> buffers() {
        return buffers(rule, keepsUpdate);
    }

    /** What of that the merge before has left. */
    Set<Buffer> buffersBefore() {
        EnumSet<Buffer> found = EnumSet.noneOf(Buffer.class);
        state.ifPresent(before -> found.addAll(before.buffers()));
        found.retainAll(buffers());
        return Collections.unmodifiableSet(found);
    }

    private static Set<Buffer> buffers(MergeRule rule, boolean keepsUpdate) {
        EnumSet<Buffer> kept = EnumSet.noneOf(Buffer.class);
        kept.addAll(Buffer.of(rule));
        if (keepsUpdate && Buffer.update(kept).isEmpty()) {
            kept.add(Buffer.KEPT_UPDATE);
        }
        return Collections.unmodifiableSet(kept);
    }

    /**
     * Names this merge: SHA-256 over the digests, the weights as hexadecimal floats, and the rule
     * with all that it is made of.
     */
    public Digest identity() {
        StringBuilder text = new StringBuilder("base " + baseDigest + "\n");
        contributions.forEach((member, contribution) ->
                text.append(
                        "contribution %s %s %s\n"
                                .formatted(
                                        member,
                                        contribution.digest(),
                                        Double.toHexString(contribution.weight()))));
        text.append("rule " + rule + "\n");
        state.ifPresent(before -> text.append("state " + before.digest() + "\n"));
        if (keepsUpdate) {
            text.append("keeps update\n");
        }
        return Digest.of(text.toString().getBytes(StandardCharsets.UTF_8));
    }
}
