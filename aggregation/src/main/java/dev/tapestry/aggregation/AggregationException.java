package dev.tapestry.aggregation;

import dev.tapestry.consortium.Coded;

/** A merge that cannot begin or go on; nothing that looks finished is left behind. */
public final class AggregationException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    /** What went wrong. */
    public enum Code {
        /**
         * The order contradicts itself: no members, weights that do not sum to 1, bad rates, a rule
         * that cannot merge so few.
         */
        INVALID_ORDER,
        /** A base, contribution or outer state whose tensors do not fit each other. */
        TENSORS_DIFFER,
        /** Something else stands where the candidate should go. */
        TARGET_EXISTS,
        /** The disk refused. */
        IO
    }

    private final Code code;

    public AggregationException(Code code, String message) {
        super(message);
        this.code = code;
    }

    public AggregationException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** What went wrong, for programs. */
    @Override
    public Code code() {
        return code;
    }
}
