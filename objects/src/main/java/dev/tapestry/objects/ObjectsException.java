package dev.tapestry.objects;

import dev.tapestry.consortium.Coded;
import org.jspecify.annotations.Nullable;

/** A store cannot do what it was asked; the message says what, where, and what to do. */
public final class ObjectsException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    /** What kind of trouble it is. */
    public enum Code {
        /** A bucket, prefix, region or endpoint that cannot be one. */
        PLACE,
        /** The store answers and says no: the key, its secret or rights, or there is no bucket. */
        REFUSED,
        /** The store does not answer, or is in trouble itself. */
        UNREACHABLE,
        /** An object has more bytes than it may have. */
        TOO_LONG,
        /** The disk refused. */
        STORAGE
    }

    private final Code code;

    ObjectsException(Code code, String message) {
        this(code, message, null);
    }

    ObjectsException(Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** What kind of trouble it is. */
    @Override
    public Code code() {
        return code;
    }
}
