package dev.tapestry.app.bench;

import dev.tapestry.consortium.Coded;

/** A measurement could not be made. */
public final class BenchException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1;

    private final Code code;

    /** Why. */
    public enum Code {
        /** The disk refused. */
        STORAGE,
        /** A process ended or did not answer. */
        PROCESS,
        /** The system does not give the network that is to be measured over. */
        NETWORK,
        /** The round ended without a new base. */
        ROUND,
        /** The benchmark was asked to stop. */
        STOPPED
    }

    BenchException(Code code, String message) {
        super(message);
        this.code = code;
    }

    BenchException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** Why. */
    @Override
    public Code code() {
        return code;
    }
}
