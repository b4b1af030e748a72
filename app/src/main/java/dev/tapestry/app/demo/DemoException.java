package dev.tapestry.app.demo;

import dev.tapestry.consortium.Coded;

/** The demo cannot go on; the message says why and where to look. */
final class DemoException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    private final Code code;

    /** Why. */
    enum Code {
        /** The directory is used by something else. */
        DIRECTORY,
        /** One of the demo's processes does not do its work. */
        PROCESS,
        /** The run ended without all its bases. */
        RUN,
        /** Somebody asked it to stop. */
        STOPPED
    }

    DemoException(Code code, String message) {
        super(message);
        this.code = code;
    }

    @Override
    public Code code() {
        return code;
    }
}
