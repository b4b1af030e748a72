package dev.tapestry.app.chaos;

import dev.tapestry.consortium.Coded;

/** A consortium did not come through; the message says where to look. */
final class ChaosException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    /** What kind of trouble it is. */
    enum Code {
        /** What had to follow did not come. */
        CAME_TO_NOTHING,
        /** A process ended that nobody had killed. */
        ENDED_BY_ITSELF,
        /** Two processes worked in one directory. */
        TWO_AT_WORK,
        /** It was interrupted. */
        STOPPED
    }

    private final Code code;

    ChaosException(Code code, String message) {
        super(message);
        this.code = code;
    }

    @Override
    public Code code() {
        return code;
    }
}
