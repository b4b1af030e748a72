package dev.tapestry.weights.architecture;

/** Where the norm of half a decoder layer f stands. */
public enum NormPlacement {
    /** y = x + f(norm(x)). */
    BEFORE,
    /** y = x + norm(f(x)) (Team OLMo, arXiv:2501.00656). */
    AFTER
}
