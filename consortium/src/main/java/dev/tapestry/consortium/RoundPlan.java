package dev.tapestry.consortium;

import java.time.Instant;
import java.util.List;

/**
 * What the coordinator announces: who trains what, from which base, until when.
 *
 * @param round its number
 * @param base the digest of the base from which all members train
 * @param training what each node does
 * @param merge how the contributions will be merged
 * @param scoringTokens tokens on which each member scores the candidate
 * @param invited members that may contribute, sorted
 * @param closesAt when collecting ends, even if members are missing
 */
public record RoundPlan(
        RoundNumber round,
        Digest base,
        LocalTraining training,
        MergeRule merge,
        long scoringTokens,
        List<MemberId> invited,
        Instant closesAt) {

    public RoundPlan {
        invited = invited.stream().sorted().distinct().toList();
        if (invited.isEmpty()) {
            throw new IllegalArgumentException("round " + round + " invites nobody");
        }
    }
}
