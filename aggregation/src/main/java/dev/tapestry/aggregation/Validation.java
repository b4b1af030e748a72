package dev.tapestry.aggregation;

import dev.tapestry.consortium.RoundInput.Refusal;

/** What the validator found in a contribution. */
public sealed interface Validation {

    /**
     * The contribution may be merged.
     *
     * @param updateNorm Euclidean norm ‖θ − θₘ‖ over all tensors
     * @param baseNorm Euclidean norm ‖θ‖ over all tensors
     */
    record Sound(double updateNorm, double baseNorm) implements Validation {}

    /** The contribution must not touch the base. */
    record Unsound(Refusal refusal) implements Validation {}
}
