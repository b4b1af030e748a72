package dev.tapestry.node;

import dev.tapestry.training.Device;
import dev.tapestry.training.Precision;

/**
 * What of this machine trains and scores. None of it is in a plan: it changes how fast a node is
 * and what memory it needs, not what it learns, up to rounding.
 *
 * @param threads of libtorch and of copying, 1 to 1024
 * @param precision of matrix products
 * @param device that models lie on
 * @param accumulationSteps passes that a batch is cut into, which divide it: memory for one; at
 *     least 1
 * @param activationCheckpointing whether the way back computes each layer again: memory for one
 */
public record Compute(
        int threads,
        Precision precision,
        Device device,
        int accumulationSteps,
        boolean activationCheckpointing) {

    private static final int MOST_THREADS = 1024;
    private static final int MOST_STEPS = 65_536;

    public Compute {
        NodeConfig.requireRange("threads", threads, 1, MOST_THREADS);
        NodeConfig.requireRange("accumulation-steps", accumulationSteps, 1, MOST_STEPS);
    }

    /** On the processors, with so many threads and whole batches. */
    public static Compute of(int threads, Precision precision) {
        return new Compute(threads, precision, Device.CPU, 1, false);
    }

    /** On all processors, in the precision that suits them. */
    public static Compute standard() {
        return of(Runtime.getRuntime().availableProcessors(), Precision.AUTO);
    }

    /** The same with so many threads. */
    public Compute withThreads(int other) {
        return new Compute(other, precision, device, accumulationSteps, activationCheckpointing);
    }

    /** The same on another device. */
    public Compute withDevice(Device other) {
        return new Compute(threads, precision, other, accumulationSteps, activationCheckpointing);
    }
}
