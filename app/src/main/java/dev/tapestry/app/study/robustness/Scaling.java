package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;

/**
 * Scaling: Δ′ = γ Δ, its own update so many times over, to outweigh the others (arXiv 1807.00459,
 * equation 3).
 *
 * @param factor γ, above 0
 */
record Scaling(double factor) implements Attack {

    Scaling {
        Range.positive("factor", factor);
    }

    @Override
    public Update forge(Knowledge known) {
        return known.own().times(factor);
    }
}
