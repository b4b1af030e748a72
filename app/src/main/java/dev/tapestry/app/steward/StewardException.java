package dev.tapestry.app.steward;

/** The coordinator could not be reached, or refused what the steward asked for. */
public final class StewardException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String code;

    StewardException(String code, String message) {
        super(message);
        this.code = code;
    }

    /** The protocol's code, {@code UNREACHABLE}, or {@code TLS}: trying again does not help. */
    public String code() {
        return code;
    }
}
