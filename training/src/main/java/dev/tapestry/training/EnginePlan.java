package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;

/**
 * How much a {@link BatchEngine} does at once.
 *
 * @param sequences that are continued together, at most
 * @param waiting that may stand in the queue for one to end
 * @param context positions of a sequence, at most; the model's own bound holds as well
 * @param chunk tokens of a prompt that are read between two steps of the others
 * @param threads of the processor
 */
public record EnginePlan(int sequences, int waiting, int context, int chunk, int threads) {

    public EnginePlan {
        if (sequences < 1 || waiting < 1 || context < 2 || chunk < 1 || threads < 1) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "an engine needs room: sequences %d, waiting %d, context %d, chunk %d, threads %d"
                            .formatted(sequences, waiting, context, chunk, threads));
        }
    }

    /** Sixteen at once, 64 in the queue, up to 4,096 positions. */
    public static EnginePlan usual(int threads) {
        return new EnginePlan(16, 64, 4096, 128, threads);
    }
}
