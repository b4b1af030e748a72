package dev.tapestry.node.build;

import dev.tapestry.training.LlamaConfig;

/**
 * What a stage will take, about.
 *
 * @param title how it is called in reports
 * @param steps at most
 * @param tokens that it reads
 * @param memoryBytes of weights, gradients, the optimiser's moments, a batch's values, and the
 *     model that it is held to
 * @param operations floating-point operations of the training
 */
public record StageEstimate(
        String title, long steps, long tokens, long memoryBytes, double operations) {

    /** Weight, gradient and two moments in fp32. */
    private static final int FULL = 16;

    /** Weight, gradient and the base's weight in fp32: A and B hardly count beside them. */
    private static final int LOW_RANK = 12;

    /** Values that the way back needs, in widths of the residual stream and of the feed-forward. */
    private static final int PER_HIDDEN = 10;

    private static final int PER_INTERMEDIATE = 3;

    static StageEstimate of(
            BuildStage stage, LlamaConfig model, long steps, long tokens, int passes) {
        StageTraining settings = stage.settings();
        long positions = rows(stage) * settings.sequences() * settings.sequenceLength() / passes;
        long values =
                positions
                        * model.layers()
                        * (PER_HIDDEN * (long) model.hiddenSize()
                                + PER_INTERMEDIATE * (long) model.intermediateSize());
        int each =
                (settings.lora().isPresent() ? LOW_RANK : FULL)
                        + (hasReference(stage) ? Float.BYTES : 0);
        long weights = model.parameters() * each;
        return new StageEstimate(
                stage.title(),
                steps,
                tokens,
                weights + Float.BYTES * values,
                tokens * model.trainingFlopsPerToken(settings.sequenceLength()));
    }

    /** Texts that are read at once of what a step takes: of a pair both. */
    private static long rows(BuildStage stage) {
        return switch (stage) {
            case BuildStage.Pretrain _, BuildStage.Instruct _ -> 1;
            case BuildStage.Align _ -> 2;
            case BuildStage.Reward reward -> reward.plan().samples();
        };
    }

    /** Whether the model that the stage begins with lies in memory too. */
    private static boolean hasReference(BuildStage stage) {
        return stage.settings().klToBase().orElse(0.0) > 0
                || (stage instanceof BuildStage.Reward reward && reward.plan().beta() > 0);
    }
}
