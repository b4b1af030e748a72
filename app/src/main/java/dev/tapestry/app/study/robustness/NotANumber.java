package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;

/** One NaN among the weights: Δ′₀ = NaN, all else its own. */
record NotANumber() implements Attack {

    @Override
    public Update forge(Knowledge known) {
        return known.own().with(0, Float.NaN);
    }
}
