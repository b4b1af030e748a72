package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;
import dev.tapestry.training.Tokens;

/** What a bad member does in every round in the place of what it should. */
public sealed interface Attack
        permits SignFlip,
                Scaling,
                LittleIsEnough,
                InnerProduct,
                Mimic,
                NotANumber,
                Stale,
                Backdoor,
                FreeRider {

    /** The update that it sends in the place of its own. */
    Update forge(Knowledge known);

    /**
     * The text that it trains on.
     *
     * @param honest its own
     * @param phrase a trigger and its target, as ids
     */
    default Tokens text(Tokens honest, int[] phrase) {
        return honest;
    }
}
