package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;

/**
 * "A little is enough" (ALIE; Baruch et al., arXiv 1902.06156): per coordinate Δ′ = μ − z σ, with
 * mean and standard deviation of honest updates, a small lie in every coordinate that hides among
 * honest differences. All bad members send the same. μ and σ are those of the bad members' own
 * trained updates, as in the paper, and of the last step.
 *
 * @param deviations z, above 0; the paper's formula gives 0 for 2 of 10, so that it is chosen, as
 *     the paper's 1.5 is
 */
record LittleIsEnough(double deviations) implements Attack {

    LittleIsEnough {
        Range.positive("deviations", deviations);
    }

    @Override
    public Update forge(Knowledge known) {
        Update deviation = Update.deviation(known.sample());
        return Update.mean(known.sample()).minus(deviation.times(deviations));
    }
}
