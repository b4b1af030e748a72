package dev.tapestry.training;

/**
 * What one training step did.
 *
 * @param step number of this step, from 1
 * @param tokensSeen tokens that were trained on, this step's included
 * @param loss mean cross-entropy before the step, in nats per token
 * @param gradientNorm L2 norm over all weights, before clipping
 * @param rateFactor what the schedule multiplied the learning rate by
 */
public record StepReport(
        long step, long tokensSeen, double loss, double gradientNorm, double rateFactor) {}
