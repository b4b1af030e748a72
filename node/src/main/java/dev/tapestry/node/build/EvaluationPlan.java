package dev.tapestry.node.build;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.node.evaluation.Suite;
import dev.tapestry.node.evaluation.SuiteGate;
import java.util.List;
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
 * @param suites directories of evaluation suites, or names of those that come with the program,
 *     which win over a directory of that name; given to the base and to the model of every stage
 * @param retentionSuites the same of suites that ask what the base could do
 * @param maxRetentionSuitesLoss by which no number of those may be worse than the base's, after any
 *     stage
 * @param gates what numbers of suites must come to: at the end, or beside the base after any stage
 */
public record EvaluationPlan(
        String own,
        Optional<String> retention,
        Optional<Long> tokens,
        Optional<Integer> sequence,
        Optional<Double> minGainPercent,
        Optional<Double> maxRetentionLossPercent,
        @LeftOutWhenEmpty Optional<List<String>> suites,
        @LeftOutWhenEmpty Optional<List<String>> retentionSuites,
        @LeftOutWhenEmpty Optional<Double> maxRetentionSuitesLoss,
        @LeftOutWhenEmpty Optional<List<SuiteGate>> gates) {

    private static final int SEQUENCE = 128;
    private static final long TOKENS = 20_000;

    public EvaluationPlan {
        if (tokens.orElse(TOKENS) < 1 || sequence.orElse(SEQUENCE) < 1) {
            throw new IllegalArgumentException("tokens and sequence are at least 1");
        }
        if (suites.isEmpty() && retentionSuites.isEmpty() && gates.isPresent()) {
            throw new IllegalArgumentException("gates are about suites; name some");
        }
        if (retentionSuites.isEmpty() && maxRetentionSuitesLoss.isPresent()) {
            throw new IllegalArgumentException(
                    "max-retention-suites-loss is about retention-suites; name some");
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
                maxRetentionLossPercent,
                suites.map(all -> all.stream().map(name -> suite(name, place)).toList()),
                retentionSuites.map(all -> all.stream().map(name -> suite(name, place)).toList()),
                maxRetentionSuitesLoss,
                gates);
    }

    private static String suite(String name, UnaryOperator<String> place) {
        return Suite.comesAlong(name) ? name : place.apply(name);
    }

    /** The same measured on other texts; without retained text nothing is asked of it. */
    EvaluationPlan on(String otherOwn, Optional<String> otherRetention) {
        return new EvaluationPlan(
                otherOwn,
                otherRetention,
                tokens,
                sequence,
                minGainPercent,
                maxRetentionLossPercent.filter(_ -> otherRetention.isPresent()),
                suites,
                retentionSuites,
                maxRetentionSuitesLoss,
                gates);
    }

    /** The same without anything that it must come to. */
    public EvaluationPlan withoutGates() {
        return new EvaluationPlan(
                own,
                retention,
                tokens,
                sequence,
                Optional.empty(),
                Optional.empty(),
                suites,
                retentionSuites,
                Optional.empty(),
                Optional.empty());
    }

    long scoredTokens() {
        return tokens.orElse(TOKENS);
    }

    int sequenceLength() {
        return sequence.orElse(SEQUENCE);
    }
}
