package dev.tapestry.consortium;

/**
 * That nodes train on while their contributions travel and are merged and scored (Streaming DiLoCo,
 * arXiv 2501.18512): so the line costs no time.
 *
 * <p>A node does the first steps of a round from its own weights, as it contributed them in the
 * round before. When the new base is there, what it has learnt since is put on top of it, and the
 * other steps follow.
 *
 * @param steps of the next round that are trained so (τ), at least 1; of the first round none
 */
public record Overlap(int steps) {

    public Overlap {
        if (steps < 1) {
            throw new IllegalArgumentException(
                    "an overlap has at least 1 step, not %d; without it leave 'overlap' out"
                            .formatted(steps));
        }
    }
}
