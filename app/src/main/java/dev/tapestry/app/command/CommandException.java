package dev.tapestry.app.command;

import org.jspecify.annotations.Nullable;

/** A command cannot do what it was asked; the message says why and what to do next. */
public final class CommandException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ExitCode code;

    CommandException(String message) {
        this(ExitCode.REFUSED, message, null);
    }

    CommandException(ExitCode code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    ExitCode code() {
        return code;
    }
}
