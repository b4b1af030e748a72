package dev.tapestry.app.chaos;

/** A consortium did not come through, or could not be set up; the message says where to look. */
final class ChaosException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ChaosException(String message) {
        super(message);
    }
}
