package dev.tapestry.coordinator;

/**
 * The first entry of a log that does not fit.
 *
 * @param index its place
 * @param event which event it is, or says that it is
 * @param problem what does not fit
 */
public record BadEntry(long index, String event, String problem) {

    /** In one line. */
    public String text() {
        return "entry %d of the log (%s): %s".formatted(index, event, problem);
    }
}
