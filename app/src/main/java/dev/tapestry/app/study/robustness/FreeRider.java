package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;
import java.util.List;

/**
 * A member that trains nothing and sends something (Lin et al., arXiv 1911.12560; Fraboni et al.,
 * arXiv 2006.11901).
 *
 * @param sends what
 */
record FreeRider(Sends sends) implements Attack {

    /** What a free rider sends; before the first step is known always the base. */
    enum Sends {
        /** The base back: Δ′ = 0. */
        BASE,
        /** The last step once more: Δ′ = θₜ₋₁ − θₜ. */
        LAST_STEP,
        /** Normal noise as long as the last step. */
        NOISE
    }

    @Override
    public Update forge(Knowledge known) {
        List<Update> steps = known.steps();
        if (steps.isEmpty()) {
            return known.own().zero();
        }
        return switch (sends) {
            case BASE -> known.own().zero();
            case LAST_STEP -> steps.getLast();
            case NOISE -> Update.noise(known.own().size(), steps.getLast().norm(), known.random());
        };
    }
}
