package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;

/** Sign flipping: Δ′ = −Δ, away from what it learnt (Li et al., arXiv 1811.03761). */
record SignFlip() implements Attack {

    @Override
    public Update forge(Knowledge known) {
        return known.own().times(-1);
    }
}
