package dev.tapestry.weights.architecture;

/** RMSNorm of queries and keys, before rotary positions turn them (arXiv:2302.05442). */
public enum QueryKeyNorm {
    /** There is none. */
    NONE,
    /** Over each head, all heads with the same weights {@code [headSize]}. */
    PER_HEAD,
    /** Over all heads together, with weights {@code [heads · headSize]}. */
    WHOLE
}
