package dev.tapestry.coordinator;

import dev.tapestry.consortium.Finding;

/**
 * Why a request is not answered with success: the stable codes of the protocol besides {@link
 * Finding}, each with its HTTP status.
 */
enum ApiCode {
    /** The body, a path parameter or a query parameter is not what the protocol describes. */
    BAD_REQUEST(400),
    /** The certificate signing request or the signing key cannot be used. */
    BAD_CERTIFICATE_REQUEST(400),
    /** A part does not have the digest under which it was sent. */
    DIGEST_MISMATCH(400),
    /** A part does not have the length that the manifest names. */
    WRONG_LENGTH(400),
    /**
     * A part that says it is compressed with zstd is not, or needs a wider window than is given.
     */
    PART_CODING(400),
    /** The route needs a client certificate of the consortium. */
    CERTIFICATE_NEEDED(401),
    /** The member was revoked. */
    REVOKED(403),
    /** The certificate is genuine, but the log knows no such member. */
    UNKNOWN_MEMBER(403),
    /** The member has enrolled again since; this certificate counts no longer. */
    CERTIFICATE_REPLACED(403),
    /** The route is for members' nodes. */
    MEMBERS_ONLY(403),
    /** The route is for the steward. */
    STEWARD_ONLY(403),
    /** No such token was issued to this member, or it was used. */
    TOKEN_UNKNOWN(403),
    /** The token came too late. */
    TOKEN_EXPIRED(403),
    /** The protocol has no such route. */
    UNKNOWN_ROUTE(404),
    /** No base or candidate that is kept has this digest. */
    UNKNOWN_MODEL(404),
    /** No coded update that is kept makes this model; fetch it whole. */
    UNKNOWN_UPDATE(404),
    /** No base or candidate that is kept has such a part. */
    UNKNOWN_PART(404),
    /** The consortium never had this member. */
    NO_SUCH_MEMBER(404),
    /** The coordinator has never been moved. */
    NOT_MOVED(404),
    /** No open contribution of this member names this. */
    NOT_AWAITED(409),
    /** The round has closed; the contribution is taken when a round of this run collects again. */
    ROUND_CLOSED(409),
    /** A newer upload of the same part has taken over from this one. */
    SUPERSEDED(409),
    /** A run is under way already. */
    RUN_UNDER_WAY(409),
    /**
     * The certificate is renewed in the second half of its time, and not beyond its authority's.
     */
    RENEWAL_NOT_DUE(409),
    /** The key is a member's already, or the present one was replaced less than an hour ago. */
    KEY_REFUSED(409),
    /** No run is under way. */
    NO_RUN(409),
    /** There is no base to begin from. */
    NO_BASE(409),
    /** The plan cannot work under this charter; the detail begins with the code of the finding. */
    PLAN_REFUSED(409),
    /** It is not this member's co-signature of a checkpoint of this log. */
    COSIGNATURE_REFUSED(409),
    /** The score is not of this round's candidate. */
    WRONG_CANDIDATE(409),
    /** The member has given another score. */
    ALREADY_SCORED(409),
    /** It is not the agreement of more than half of the members to move this coordinator. */
    MOVE_REFUSED(409),
    /** The members have moved the coordinator; this one appends nothing any more. */
    MOVED(410),
    /** The body is longer than the route takes. */
    BODY_TOO_LARGE(413),
    /** The body is in a content coding that the route does not take. */
    UNKNOWN_CODING(415),
    /** The range lies outside the part, or is not one that is served. */
    RANGE_NOT_SATISFIABLE(416),
    /** The request speaks another version of the protocol, or names none. */
    PROTOCOL_VERSION(426),
    /** The member has as many requests under way as one may have. */
    TOO_MANY_CONNECTIONS(429),
    /** The coordinator has a defect; its log says more. */
    INTERNAL(500),
    /** The coordinator does not know whether it still leads; another one may. */
    NOT_LEADING(503),
    /** All of what this needs is in use by others; the same request works in a moment. */
    BUSY(503),
    /** The coordinator is being stopped. */
    CLOSING(503),
    /** The disk refused; nothing that was accepted is lost, try again later. */
    STORAGE(507);

    /** The status of every {@link Finding}. */
    static final int FINDING_STATUS = 409;

    private final int status;

    ApiCode(int status) {
        this.status = status;
    }

    int status() {
        return status;
    }
}
