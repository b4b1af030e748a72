package dev.tapestry.coordinator;

import dev.tapestry.consortium.Coded;
import org.jspecify.annotations.Nullable;

/** The coordinator cannot do what it must; the message says what, why and what to do. */
public final class CoordinatorException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    /** What kind of thing failed. */
    public enum Code {
        /** {@code coordinator.yaml} has a key or a value that it cannot have. */
        CONFIGURATION,
        /** A directory that holds a consortium already, or none yet. */
        DIRECTORY,
        /** The log does not tell a story that leads to a consortium. */
        LOG,
        /** The members have not agreed to this move of the coordinator. */
        MOVE,
        /** An audit bundle cannot be made, or cannot be read. */
        BUNDLE,
        /** A model cannot become the base. */
        MODEL,
        /** Files that a verification needs are no longer kept. */
        NOT_KEPT,
        /** The port cannot be opened. */
        ADDRESS,
        /** The disk refused; nothing that was accepted is lost. */
        STORAGE,
        /** A running coordinator cannot go on; a new process can. */
        FAILED
    }

    private final Code code;

    /** An exception without a cause. */
    public CoordinatorException(Code code, String message) {
        this(code, message, null);
    }

    /** An exception with the one that led to it. */
    public CoordinatorException(Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** What kind of thing failed. */
    @Override
    public Code code() {
        return code;
    }

    static CoordinatorException storage(String doing, Object file, Throwable cause) {
        return new CoordinatorException(
                Code.STORAGE, "cannot %s %s: %s".formatted(doing, file, cause), cause);
    }
}
