package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.Coded;
import org.jspecify.annotations.Nullable;

/** A researcher's rule cannot be used; the message says what to change in its file. */
public final class RuleException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    private final Code code;

    /** What is wrong. */
    public enum Code {
        /** The file is not there, or holds no rule. */
        NO_RULE,
        /** The compiler refused the file. */
        DOES_NOT_COMPILE,
        /** This Java has no compiler. */
        NO_COMPILER,
        /** The rule failed, or what it gave is no update. */
        WRONG_UPDATE
    }

    RuleException(Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    @Override
    public Code code() {
        return code;
    }
}
