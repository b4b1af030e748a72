package dev.tapestry.consortium;

import java.util.Optional;

/**
 * A sound contribution, as the log remembers it.
 *
 * @param member who contributed
 * @param envelope digest of the signed manifest
 * @param weights digest of the manifest of its weights; the same twice is a replay
 * @param tokens it was trained on
 * @param steps that it took; empty in logs from before they were noted
 * @param trainingBitsPerByte its mean training loss
 * @param updateNorm Euclidean norm of base minus weights
 */
public record Contribution(
        MemberId member,
        Digest envelope,
        Digest weights,
        long tokens,
        @LeftOutWhenEmpty Optional<Integer> steps,
        double trainingBitsPerByte,
        double updateNorm) {

    /** A contribution without its steps. */
    public Contribution(
            MemberId member,
            Digest envelope,
            Digest weights,
            long tokens,
            double trainingBitsPerByte,
            double updateNorm) {
        this(member, envelope, weights, tokens, Optional.empty(), trainingBitsPerByte, updateNorm);
    }
}
