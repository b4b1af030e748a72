package dev.tapestry.consortium;

/**
 * A sound contribution, as the log remembers it.
 *
 * @param member who contributed
 * @param envelope digest of the signed manifest
 * @param weights digest of the manifest of its weights; the same twice is a replay
 * @param tokens it was trained on
 * @param trainingBitsPerByte its mean training loss
 * @param updateNorm Euclidean norm of base minus weights
 */
public record Contribution(
        MemberId member,
        Digest envelope,
        Digest weights,
        long tokens,
        double trainingBitsPerByte,
        double updateNorm) {}
