package dev.tapestry.node.build;

import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.node.Compute;
import dev.tapestry.training.LearningRateSchedule;
import dev.tapestry.training.OptimizerPlan;
import dev.tapestry.training.TrainingPlan;

/** Translates what a round or a build asks for into what the trainer does on this machine. */
public final class TrainingPlans {

    /** The last fifth of a WSD schedule decays (Hägele et al., arXiv:2405.18392). */
    private static final long DECAY_SHARE = 5;

    private TrainingPlans() {}

    /** The same training, with what of this machine trains. */
    public static TrainingPlan of(LocalTraining training, Compute compute) {
        TrainingPlan plan =
                new TrainingPlan(
                        optimizer(training),
                        schedule(training),
                        training.batchSequences(),
                        training.sequenceLength(),
                        training.clipNorm(),
                        compute.precision(),
                        training.seed(),
                        compute.threads());
        return plan.withAveraging(training.averaging())
                .withDevice(compute.device())
                .withMemory(compute.accumulationSteps(), compute.activationCheckpointing());
    }

    private static OptimizerPlan optimizer(LocalTraining training) {
        return switch (training.optimizer()) {
            case ADAMW -> OptimizerPlan.AdamW.of(training.learningRate(), training.weightDecay());
            case MUON -> OptimizerPlan.Muon.of(training.learningRate(), training.weightDecay());
        };
    }

    private static LearningRateSchedule schedule(LocalTraining training) {
        long total = training.totalTokens();
        long warmup = Math.min(training.warmupTokens(), total - 1);
        double floor = training.finalLearningRateRatio();
        return switch (training.schedule()) {
            case COSINE -> new LearningRateSchedule.Cosine(warmup, total, floor);
            case WSD -> {
                long decay = Math.min(total - 1, Math.max(warmup, total - total / DECAY_SHARE));
                yield new LearningRateSchedule.WarmupStableDecay(warmup, decay, total, floor);
            }
        };
    }
}
