package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.util.List;
import java.util.Set;

/**
 * What a {@link BatchEngine} is asked for.
 *
 * @param prompt at least one id
 * @param maxTokens at most so many follow, from 1
 * @param sampling how each is chosen
 * @param ends ids that end the text; the one that comes is its last
 * @param alternatives so many of the likeliest tokens are named at each place, 0 to {@link
 *     #MAX_ALTERNATIVES}
 * @param logProbabilities whether the chosen token's is wanted, which costs a pass over the
 *     vocabulary
 */
public record Continuation(
        List<Integer> prompt,
        int maxTokens,
        Sampling sampling,
        Set<Integer> ends,
        int alternatives,
        boolean logProbabilities) {

    /** More alternatives are never named. */
    public static final int MAX_ALTERNATIVES = 20;

    public Continuation {
        prompt = List.copyOf(prompt);
        ends = Set.copyOf(ends);
        if (prompt.isEmpty() || maxTokens < 1) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "a continuation needs a prompt of at least one token and at least one token to come, not %d and %d"
                            .formatted(prompt.size(), maxTokens));
        }
        if (alternatives < 0 || alternatives > MAX_ALTERNATIVES) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "%d alternatives: 0 to %d can be named"
                            .formatted(alternatives, MAX_ALTERNATIVES));
        }
    }
}
