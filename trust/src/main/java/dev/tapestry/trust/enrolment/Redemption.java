package dev.tapestry.trust.enrolment;

import dev.tapestry.consortium.MemberId;
import java.time.Instant;

/** What became of a secret that somebody showed. */
public sealed interface Redemption {

    /**
     * It is good, and now used up.
     *
     * @param repeated whether the same claimant had redeemed it before (its answer was lost)
     */
    record Accepted(MemberId member, boolean repeated) implements Redemption {}

    /** No such token was ever issued, or it was withdrawn. */
    record Unknown() implements Redemption {}

    /** It came too late. */
    record Expired(MemberId member, Instant expiredAt) implements Redemption {}

    /** Somebody else has used it: the steward should know. */
    record AlreadyUsed(MemberId member) implements Redemption {}
}
