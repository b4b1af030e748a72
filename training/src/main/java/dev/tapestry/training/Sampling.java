package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;

/**
 * How the next token is chosen.
 *
 * @param temperature logits are divided by it; 0 takes the likeliest token always
 * @param topK only so many of the likeliest tokens are considered; 0 for all
 * @param seed of the random choice
 */
public record Sampling(double temperature, int topK, long seed) {

    public Sampling {
        if (!(temperature >= 0 && temperature <= 100) || topK < 0) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "sampling: temperature %s must be in [0, 100] and topK %d not negative"
                            .formatted(temperature, topK));
        }
    }

    /** The likeliest token, always. */
    public static Sampling greedy() {
        return new Sampling(0, 0, 0);
    }
}
