package dev.tapestry.app.study.simulation;

/** A loss is no longer a number: the variant ends here. */
final class Diverged extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Diverged(String message) {
        super(message);
    }
}
