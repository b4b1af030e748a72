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
 * @param late the earlier round that it was trained in; empty where it is the one that merges it
 */
public record Contribution(
        MemberId member,
        Digest envelope,
        Digest weights,
        long tokens,
        @LeftOutWhenEmpty Optional<Integer> steps,
        double trainingBitsPerByte,
        double updateNorm,
        @LeftOutWhenEmpty Optional<Late> late) {

    /** A contribution that is in time. */
    public Contribution(
            MemberId member,
            Digest envelope,
            Digest weights,
            long tokens,
            Optional<Integer> steps,
            double trainingBitsPerByte,
            double updateNorm) {
        this(
                member,
                envelope,
                weights,
                tokens,
                steps,
                trainingBitsPerByte,
                updateNorm,
                Optional.empty());
    }

    /** The round that it was made for, of those that {@code merging} is the one that merges it. */
    public RoundNumber trainedIn(RoundNumber merging) {
        return late.map(Late::round).orElse(merging);
    }

    /** The same, made for an earlier round or not. */
    public Contribution with(Optional<Late> lateness) {
        return new Contribution(
                member,
                envelope,
                weights,
                tokens,
                steps,
                trainingBitsPerByte,
                updateNorm,
                lateness);
    }

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
