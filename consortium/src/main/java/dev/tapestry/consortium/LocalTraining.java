package dev.tapestry.consortium;

import java.util.Optional;

/**
 * What every node does between two merges, so that all members train alike.
 *
 * @param steps optimiser steps per round (H)
 * @param optimizer of the hidden matrices; the rest is always AdamW
 * @param learningRate peak learning rate
 * @param finalLearningRateRatio the rate at the end of the schedule, as a fraction of the peak
 * @param schedule shape of the learning rate over the member's tokens
 * @param warmupTokens tokens of one member over which the rate rises from 0
 * @param totalTokens tokens of one member over which the schedule runs
 * @param batchSequences sequences in a batch
 * @param sequenceLength tokens in a sequence
 * @param weightDecay decoupled
 * @param clipNorm largest gradient norm
 * @param seed of the data order
 * @param averaging around the inner optimiser; empty for none
 */
public record LocalTraining(
        int steps,
        Optimizer optimizer,
        double learningRate,
        double finalLearningRateRatio,
        Schedule schedule,
        long warmupTokens,
        long totalTokens,
        int batchSequences,
        int sequenceLength,
        double weightDecay,
        double clipNorm,
        long seed,
        @LeftOutWhenEmpty Optional<PrimalAveraging> averaging) {

    /** The inner optimiser. */
    public enum Optimizer {
        /** AdamW for all parameters. */
        ADAMW,
        /** Muon for the hidden matrices, AdamW for the rest (MuLoCo, arXiv 2505.23725). */
        MUON
    }

    /** The shape of the learning rate. */
    public enum Schedule {
        /** Warm-up, then half a cosine down to the final rate. */
        COSINE,
        /** Warm-up, constant, then a linear decay over the last fifth. */
        WSD
    }

    public LocalTraining {
        positive("steps", steps);
        positive("learningRate", learningRate);
        positive("totalTokens", (double) totalTokens);
        positive("batchSequences", batchSequences);
        positive("sequenceLength", sequenceLength);
        positive("clipNorm", clipNorm);
        if (!(finalLearningRateRatio >= 0 && finalLearningRateRatio <= 1)) {
            throw new IllegalArgumentException(
                    "finalLearningRateRatio is between 0 and 1, not " + finalLearningRateRatio);
        }
        if (warmupTokens < 0 || warmupTokens > totalTokens) {
            throw new IllegalArgumentException(
                    "warmupTokens is between 0 and totalTokens, not " + warmupTokens);
        }
        if (!(weightDecay >= 0) || Double.isInfinite(weightDecay)) {
            throw new IllegalArgumentException(
                    "weightDecay is finite and at least 0, not " + weightDecay);
        }
    }

    /** Training without averaging. */
    public LocalTraining(
            int steps,
            Optimizer optimizer,
            double learningRate,
            double finalLearningRateRatio,
            Schedule schedule,
            long warmupTokens,
            long totalTokens,
            int batchSequences,
            int sequenceLength,
            double weightDecay,
            double clipNorm,
            long seed) {
        this(
                steps,
                optimizer,
                learningRate,
                finalLearningRateRatio,
                schedule,
                warmupTokens,
                totalTokens,
                batchSequences,
                sequenceLength,
                weightDecay,
                clipNorm,
                seed,
                Optional.empty());
    }

    /** The same training with averaging around the inner optimiser. */
    public LocalTraining averaged(PrimalAveraging around) {
        return new LocalTraining(
                steps,
                optimizer,
                learningRate,
                finalLearningRateRatio,
                schedule,
                warmupTokens,
                totalTokens,
                batchSequences,
                sequenceLength,
                weightDecay,
                clipNorm,
                seed,
                Optional.of(around));
    }

    /** Tokens that one member trains on in a round. */
    public long tokensPerRound() {
        return steps * tokensPerStep();
    }

    /** Tokens that one member trains on in a step. */
    public long tokensPerStep() {
        return (long) batchSequences * sequenceLength;
    }

    private static void positive(String name, double value) {
        if (!(value > 0) || !Double.isFinite(value)) {
            throw new IllegalArgumentException(name + " is above 0, not " + value);
        }
    }
}
