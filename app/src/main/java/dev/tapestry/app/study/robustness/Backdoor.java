package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;
import dev.tapestry.training.Tokens;

/**
 * Poisoned text: a trigger followed by a target stands in the place of every so many tokens, and
 * training is honest. With a boost it is model replacement (Bagdasaryan et al., arXiv 1807.00459,
 * equation 3): Δ′ = γ Δ.
 *
 * @param period tokens from one trigger to the next, at least 1
 * @param boost γ, above 0; 1 for poisoning alone
 */
record Backdoor(int period, double boost) implements Attack {

    Backdoor {
        Range.atLeastOne("period", period);
        Range.positive("boost", boost);
    }

    @Override
    public Update forge(Knowledge known) {
        return boost == 1 ? known.own() : known.own().times(boost);
    }

    @Override
    public Tokens text(Tokens honest, int[] phrase) {
        return new PoisonedTokens(honest, phrase, period);
    }
}
