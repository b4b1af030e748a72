package dev.tapestry.app.bench;

/** What a member does in a round, one step after the other. */
enum RoundStep {
    /** It fetches the base. */
    BASE,
    /** It writes other weights; the noise stands for training. */
    WRITE,
    /** It codes them if the plan says so, hashes and signs them. */
    PACK,
    /** It sends what the coordinator misses. */
    SEND,
    /** The coordinator decodes and examines what came. */
    SEAL,
    /** It deletes all models that it has, so that others have the disk. */
    TIDY,
    /** It waits until the coordinator has merged. */
    MERGE,
    /** It fetches the candidate. */
    CANDIDATE,
    /** It sends a score. */
    SCORE,
    /** It waits for the new base, and has the log prove it. */
    PUBLISH
}
