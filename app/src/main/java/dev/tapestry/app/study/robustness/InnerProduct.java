package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;

/**
 * Inner-product manipulation (Xie et al., arXiv 1903.03936): Δ′ = −ε μ, with the mean of honest
 * updates, so that what is merged points away from it. A small ε keeps near the others, which
 * deceives rules about distances. All bad members send the same. μ is that of the bad members' own
 * trained updates and of the last step.
 *
 * @param epsilon ε, above 0
 */
record InnerProduct(double epsilon) implements Attack {

    InnerProduct {
        Range.positive("epsilon", epsilon);
    }

    @Override
    public Update forge(Knowledge known) {
        return Update.mean(known.sample()).times(-epsilon);
    }
}
