package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;

/**
 * How the next token is chosen.
 *
 * @param temperature logits are divided by it; 0 takes the likeliest token always
 * @param topK only so many of the likeliest tokens are considered; 0 for all
 * @param topP only the fewest likeliest tokens are considered whose probabilities come to this
 *     share (nucleus sampling, arXiv:1904.09751); 1 for all
 * @param seed of the random choice
 */
public record Sampling(double temperature, int topK, double topP, long seed) {

    public Sampling {
        if (!(temperature >= 0 && temperature <= 100) || topK < 0 || !(topP > 0 && topP <= 1)) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "sampling: temperature %s must be in [0, 100], topK %d not negative and topP %s in (0, 1]"
                            .formatted(temperature, topK, topP));
        }
    }

    /** Without a bound on the probability. */
    public Sampling(double temperature, int topK, long seed) {
        this(temperature, topK, 1, seed);
    }

    /** The likeliest token, always. */
    public static Sampling greedy() {
        return new Sampling(0, 0, 0);
    }
}
