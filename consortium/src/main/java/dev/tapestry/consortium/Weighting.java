package dev.tapestry.consortium;

/** How a merge weighs its contributions before the influence cap is applied. */
public enum Weighting {
    /** Every contribution that passed the quality floor counts the same. */
    EQUAL,
    /** A contribution counts by the tokens it was trained on. */
    TOKENS
}
