package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Score;

/**
 * A member's signed score of a candidate.
 *
 * @param round of the candidate
 * @param member who scored
 * @param candidate what was scored
 * @param score the numbers
 */
public record ScoreReport(RoundNumber round, MemberId member, Digest candidate, Score score) {}
