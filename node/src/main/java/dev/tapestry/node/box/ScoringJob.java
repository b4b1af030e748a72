package dev.tapestry.node.box;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.training.Precision;

/**
 * {@code score.json}: what to compare; on how much text, the plan says.
 *
 * @param protocol version of the contract
 * @param round whose candidate it is
 * @param member who scores
 * @param plan digest of the round's plan
 * @param base digest of the round's base
 * @param candidate digest of the merged model
 * @param precision of matrix products, never {@code AUTO}
 * @param threads that the node's settings give to scoring
 */
public record ScoringJob(
        int protocol,
        RoundNumber round,
        MemberId member,
        Digest plan,
        Digest base,
        Digest candidate,
        Precision precision,
        int threads) {

    boolean sameWork(ScoringJob other) {
        return round.equals(other.round)
                && member.equals(other.member)
                && plan.equals(other.plan)
                && candidate.equals(other.candidate);
    }
}
