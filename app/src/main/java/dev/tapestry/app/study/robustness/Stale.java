package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;
import java.util.List;

/**
 * An old contribution again: Δ′ₜ = Δ₀, its first update put on today's base. The very weights of an
 * earlier round are refused by a coordinator, who knows their digests; the same update on another
 * base has another digest.
 */
record Stale() implements Attack {

    @Override
    public Update forge(Knowledge known) {
        List<Update> past = known.past();
        return past.isEmpty() ? known.own() : past.getFirst();
    }
}
