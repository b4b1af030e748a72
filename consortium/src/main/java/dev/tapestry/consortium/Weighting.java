package dev.tapestry.consortium;

/** How a merge weighs its contributions before the influence cap is applied. */
public enum Weighting {
    /** Every contribution that passed the quality floor counts the same. */
    EQUAL,
    /** A contribution counts by the tokens it was trained on. */
    TOKENS,
    /**
     * A contribution counts by its tokens squared over its steps, which is tokens times tokens per
     * step (Decoupled DiLoCo, arXiv 2604.21428): for members who take different numbers of steps,
     * or batches of different size. Where all take batches of one size it is {@link #TOKENS}.
     */
    TOKENS_SQUARED_PER_STEP
}
