package dev.tapestry.coordinator;

import dev.tapestry.consortium.RoundInput.Refusal;

/** Ends a request with a coded answer that is not a success. */
final class ApiRefusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;
    private final String code;

    private ApiRefusal(int status, String code, String detail) {
        super(detail, null, false, false);
        this.status = status;
        this.code = code;
    }

    ApiRefusal(ApiCode code, String detail) {
        this(code.status(), code.name(), detail);
    }

    static ApiRefusal of(Refusal refusal) {
        return new ApiRefusal(ApiCode.FINDING_STATUS, refusal.finding().name(), refusal.detail());
    }

    /** Whether it tells of a trouble of the coordinator's own. */
    boolean isOurs() {
        return code.equals(ApiCode.STORAGE.name()) || code.equals(ApiCode.INTERNAL.name());
    }

    int status() {
        return status;
    }

    /** Whether it is worth saying when to come again (RFC 9110 §10.2.3). */
    boolean passes() {
        return code.equals(ApiCode.BUSY.name()) || code.equals(ApiCode.TOO_MANY_CONNECTIONS.name());
    }

    String code() {
        return code;
    }

    String detail() {
        return String.valueOf(getMessage());
    }
}
