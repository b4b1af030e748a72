package dev.tapestry.consortium;

/**
 * What a node signs when it contributes to a round.
 *
 * @param round the round it is for
 * @param member who contributes
 * @param base digest of the base it was trained from
 * @param plan digest of the round plan's canonical JSON
 * @param weights the safetensors files of the trained weights
 * @param tokens tokens it was trained on in this round
 * @param steps optimiser steps taken in this round
 * @param trainingBitsPerByte mean training loss of the round
 */
public record ContributionManifest(
        RoundNumber round,
        MemberId member,
        Digest base,
        Digest plan,
        ModelManifest weights,
        long tokens,
        int steps,
        double trainingBitsPerByte) {

    public ContributionManifest {
        if (tokens < 1 || steps < 1) {
            throw new IllegalArgumentException(
                    "a contribution was trained on at least 1 token in 1 step, not "
                            + tokens
                            + " tokens in "
                            + steps
                            + " steps");
        }
        if (!Double.isFinite(trainingBitsPerByte) || trainingBitsPerByte < 0) {
            throw new IllegalArgumentException(
                    "trainingBitsPerByte is a finite number, not " + trainingBitsPerByte);
        }
        if (weights.files().isEmpty()) {
            throw new IllegalArgumentException("a contribution has at least one file of weights");
        }
    }
}
