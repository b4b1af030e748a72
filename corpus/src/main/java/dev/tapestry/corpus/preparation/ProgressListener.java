package dev.tapestry.corpus.preparation;

/** Hears how far the preparation is; called from its own thread, and soon to return. */
@FunctionalInterface
public interface ProgressListener {

    /** What is being done. */
    enum Phase {
        /** Bytes of the sources. */
        READING,
        /** Documents, with each other. */
        COMPARING,
        /** Documents. */
        WRITING
    }

    /** So much of so much is done. */
    void progressed(Phase phase, long done, long total);

    /** Hears nothing. */
    static ProgressListener silent() {
        return (_, _, _) -> {};
    }
}
