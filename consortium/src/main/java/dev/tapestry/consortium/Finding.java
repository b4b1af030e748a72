package dev.tapestry.consortium;

/** Why a contribution was refused: stable codes that stand in the log and in the protocol. */
public enum Finding {
    /** The manifest or a file is not what the protocol describes. */
    MALFORMED,
    /** The signature is not the member's, or does not match the content. */
    BAD_SIGNATURE,
    /** The certificate's member and the manifest's member differ. */
    WRONG_MEMBER,
    /** The consortium does not know this member. */
    UNKNOWN_MEMBER,
    /** The consortium has revoked this member. */
    REVOKED,
    /** The member is not among those invited to this round. */
    NOT_INVITED,
    /** The round is over, or has not begun. */
    STALE_ROUND,
    /** The contribution was trained from another base than the round's. */
    WRONG_BASE,
    /** The contribution was trained by another plan than the round's, or for longer. */
    WRONG_PLAN,
    /** The manifest does not say what the member relied on. */
    NO_GROUNDS,
    /** The member relied on another charter than the consortium's. */
    WRONG_CHARTER,
    /** The member has verified another history than this log's: one of the two was forged. */
    OTHER_HISTORY,
    /** Coded otherwise than the round's plan asks for. */
    WRONG_CODEC,
    /** The same member already has another contribution in this round. */
    ALREADY_ADMITTED,
    /** The very same weights were contributed before, by whomever. */
    REPLAY,
    /** Larger than the charter's quota. */
    TOO_LARGE,
    /** Parts that the manifest names have not arrived. */
    INCOMPLETE,
    /** The update, applied to the base, does not give the weights that the manifest names. */
    DECODES_OTHERWISE,
    /** A tensor of the base is missing. */
    MISSING_TENSOR,
    /** A tensor that the base does not have. */
    UNEXPECTED_TENSOR,
    /** A tensor has another shape than in the base. */
    SHAPE_MISMATCH,
    /** A tensor has an element type that the plan does not allow. */
    DTYPE_MISMATCH,
    /** A value is NaN or infinite. */
    NON_FINITE,
    /** The update's norm is above the charter's band. */
    UPDATE_TOO_LARGE,
    /** The mean gradient's norm is too large for any training by the plan. */
    GRADIENT_TOO_LARGE,
    /** The weights equal the base: nothing was trained. */
    UPDATE_IS_ZERO,
    /** The reported training loss is above the charter's quality floor. */
    BELOW_QUALITY_FLOOR
}
