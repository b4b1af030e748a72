package dev.tapestry.consortium;

import java.time.Instant;

/** What can reach a round from outside; {@link RoundRules#decide} turns it into events. */
public sealed interface RoundInput {

    /** When it arrived. */
    Instant at();

    /** A contribution whose files are complete and whose tensors the validator found sound. */
    record Contributed(Contribution contribution, Instant at) implements RoundInput {}

    /** A contribution that was found unsound. */
    record Unsound(MemberId member, Refusal refusal, Instant at) implements RoundInput {}

    /** A member was revoked. */
    record Revoked(MemberId member, Instant at) implements RoundInput {}

    /** The merge is done. */
    record Merged(Candidate candidate, Instant at) implements RoundInput {}

    /** The merge cannot be done. */
    record MergeFailed(String reason, Instant at) implements RoundInput {}

    /** A member's score of the candidate. */
    record Scored(MemberId member, Score score, Instant at) implements RoundInput {}

    /** Nothing happened but time. */
    record TimePassed(Instant at) implements RoundInput {}

    /**
     * Why a contribution cannot be merged.
     *
     * @param finding stable code
     * @param detail which value was found, and what to do
     */
    record Refusal(Finding finding, String detail) {}
}
