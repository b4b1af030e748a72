package dev.tapestry.corpus.preparation;

/** A step that looks at one document at a time: a pure function, for any number of threads. */
interface DocumentStep {

    /** The word for it in plans and reports. */
    String name();

    /** What becomes of a document. */
    Outcome apply(Draft draft);
}
