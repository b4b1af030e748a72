package dev.tapestry.app.study.churn;

/** What became of a contribution. */
enum Fate {
    /** Merged in the round that it was made for. */
    IN_TIME,
    /** Merged in a later one. */
    LATE,
    /** Refused with a code: too late for the charter. */
    REFUSED,
    /** Made, and not sent yet when the run ended. */
    UNDER_WAY
}
