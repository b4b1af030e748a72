package dev.tapestry.corpus.preparation;

/** Asked now and then whether long work is to end before it is done; soon to return. */
@FunctionalInterface
public interface StopHook {

    /** Whether it is to end. */
    boolean stopRequested();

    /** Never. */
    static StopHook never() {
        return () -> false;
    }
}
