package dev.tapestry.node.build;

import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What is measured before the first stage and after every one, and what it must come to.
 *
 * @param own a corpus with the member's text, of which the held-out part is scored
 * @param retention a corpus with text that the base knew
 * @param tokens that are scored of each, at most; 20,000 if left out
 * @param sequence tokens in a window; 128 if left out
 * @param minGainPercent by which the loss on the own text must be lower than the base's, at the end
 * @param maxRetentionLossPercent by which the loss on the retained text may be higher, after any
 *     stage
 */
public record EvaluationPlan(
        String own,
        Optional<String> retention,
        Optional<Long> tokens,
        Optional<Integer> sequence,
        Optional<Double> minGainPercent,
        Optional<Double> maxRetentionLossPercent) {

    private static final int SEQUENCE = 128;
    private static final long TOKENS = 20_000;

    public EvaluationPlan {
        if (tokens.orElse(TOKENS) < 1 || sequence.orElse(SEQUENCE) < 1) {
            throw new IllegalArgumentException("tokens and sequence are at least 1");
        }
    }

    /** The same of texts that lie elsewhere. */
    EvaluationPlan of(UnaryOperator<String> place) {
        return new EvaluationPlan(
                place.apply(own),
                retention.map(place),
                tokens,
                sequence,
                minGainPercent,
                maxRetentionLossPercent);
    }

    long scoredTokens() {
        return tokens.orElse(TOKENS);
    }

    int sequenceLength() {
        return sequence.orElse(SEQUENCE);
    }
}
