package dev.tapestry.training;

import dev.tapestry.consortium.PrimalAveraging;
import dev.tapestry.training.TrainingException.Code;
import java.util.Optional;

/**
 * How a node trains. With the same plan, base, data and number of threads the same weights come out
 * of the processors, bit by bit; a GPU rounds in another order.
 *
 * @param optimizer and its hyper-parameters
 * @param schedule of the learning rate over tokens
 * @param sequencesPerStep sequences in a batch
 * @param sequenceLength tokens of a sequence
 * @param clipNorm longest gradient, in the L2 norm over all weights; infinity for any
 * @param precision of matrix products
 * @param seed of the order of the data
 * @param threads that libtorch uses
 * @param accumulationSteps passes that a batch is cut into, their gradients summed: memory for one
 *     pass, the same step up to rounding; divides sequencesPerStep
 * @param activationCheckpointing whether the way back computes each layer's values again (Chen et
 *     al., arXiv:1604.06174): memory for one layer, bit for bit the same step, a third more work
 * @param averaging around the optimiser; empty for none
 * @param device that the model lies on
 */
public record TrainingPlan(
        OptimizerPlan optimizer,
        LearningRateSchedule schedule,
        int sequencesPerStep,
        int sequenceLength,
        double clipNorm,
        Precision precision,
        long seed,
        int threads,
        int accumulationSteps,
        boolean activationCheckpointing,
        Optional<PrimalAveraging> averaging,
        Device device) {

    public TrainingPlan {
        check(sequencesPerStep > 0, "sequencesPerStep", sequencesPerStep);
        check(sequenceLength > 0, "sequenceLength", sequenceLength);
        check(clipNorm > 0, "clipNorm", clipNorm);
        check(threads > 0 && threads <= 1024, "threads", threads);
        check(accumulationSteps > 0, "accumulationSteps", accumulationSteps);
        if (sequencesPerStep % accumulationSteps != 0) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "plan: a batch of %d sequences cannot be cut into %d equal passes: take accumulation steps that divide %d"
                            .formatted(sequencesPerStep, accumulationSteps, sequencesPerStep));
        }
    }

    /** A plan whose batches are taken whole, every value held until the way back. */
    public TrainingPlan(
            OptimizerPlan optimizer,
            LearningRateSchedule schedule,
            int sequencesPerStep,
            int sequenceLength,
            double clipNorm,
            Precision precision,
            long seed,
            int threads) {
        this(
                optimizer,
                schedule,
                sequencesPerStep,
                sequenceLength,
                clipNorm,
                precision,
                seed,
                threads,
                1,
                false,
                Optional.empty(),
                Device.CPU);
    }

    /** The same with another order of the data. */
    public TrainingPlan withSeed(long other) {
        return with(other, accumulationSteps, activationCheckpointing, averaging, device);
    }

    /** The same with less memory; see the components. */
    public TrainingPlan withMemory(int passes, boolean checkpointing) {
        return with(seed, passes, checkpointing, averaging, device);
    }

    /** The same with or without averaging around the optimiser. */
    public TrainingPlan withAveraging(Optional<PrimalAveraging> around) {
        return with(seed, accumulationSteps, activationCheckpointing, around, device);
    }

    /** The same on another device. */
    public TrainingPlan withDevice(Device other) {
        return with(seed, accumulationSteps, activationCheckpointing, averaging, other);
    }

    private TrainingPlan with(
            long order,
            int passes,
            boolean checkpointing,
            Optional<PrimalAveraging> around,
            Device place) {
        return new TrainingPlan(
                optimizer,
                schedule,
                sequencesPerStep,
                sequenceLength,
                clipNorm,
                precision,
                order,
                threads,
                passes,
                checkpointing,
                around,
                place);
    }

    /** Tokens that one step learns from. */
    public long tokensPerStep() {
        return (long) sequencesPerStep * sequenceLength;
    }

    /**
     * Sequences of a batch for each of {@code processes} that share it.
     *
     * @throws TrainingException {@code INVALID_PLAN} unless each gets as many, in whole passes, and
     *     on the processors
     */
    public int sequencesPerProcess(int processes) {
        if (processes > 1 && !device.equals(Device.CPU)) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "plan: %d processes cannot share a batch on the device %s: what they add up lies in the machine's memory; a GPU is used by one process, so leave --processes and --rank out"
                            .formatted(processes, device));
        }
        if (sequencesPerStep % (processes * accumulationSteps) != 0) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "plan: a batch of %d sequences in %d passes cannot be shared equally by %d processes; start as many as divide %d"
                            .formatted(
                                    sequencesPerStep,
                                    accumulationSteps,
                                    processes,
                                    sequencesPerStep / accumulationSteps));
        }
        return sequencesPerStep / processes;
    }

    private static void check(boolean ok, String name, double value) {
        if (!ok) {
            throw new TrainingException(
                    Code.INVALID_PLAN, "plan: " + name + " " + value + " is out of range");
        }
    }
}
