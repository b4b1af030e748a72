package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;

/**
 * How a node trains. With the same plan, base, data and number of threads the same weights come
 * out, bit by bit.
 *
 * @param optimizer and its hyper-parameters
 * @param schedule of the learning rate over tokens
 * @param sequencesPerStep sequences in a batch
 * @param sequenceLength tokens of a sequence
 * @param clipNorm longest gradient, in the L2 norm over all weights; infinity for any
 * @param precision of matrix products
 * @param seed of the order of the data
 * @param threads that libtorch uses
 */
public record TrainingPlan(
        OptimizerPlan optimizer,
        LearningRateSchedule schedule,
        int sequencesPerStep,
        int sequenceLength,
        double clipNorm,
        Precision precision,
        long seed,
        int threads) {

    public TrainingPlan {
        check(sequencesPerStep > 0, "sequencesPerStep", sequencesPerStep);
        check(sequenceLength > 0, "sequenceLength", sequenceLength);
        check(clipNorm > 0, "clipNorm", clipNorm);
        check(threads > 0 && threads <= 1024, "threads", threads);
    }

    /** Tokens that one step learns from. */
    public long tokensPerStep() {
        return (long) sequencesPerStep * sequenceLength;
    }

    private static void check(boolean ok, String name, double value) {
        if (!ok) {
            throw new TrainingException(
                    Code.INVALID_PLAN, "plan: " + name + " " + value + " is out of range");
        }
    }
}
