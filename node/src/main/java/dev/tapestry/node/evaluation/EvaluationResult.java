package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.training.Precision;
import java.util.List;
import java.util.Optional;

/**
 * How a model did, with everything that is needed to measure it again. It holds no text of the
 * suites, of the model or of the member.
 *
 * @param model digest of the model, as bases are named
 * @param runner which version of the scoring it was; numbers of different ones are not to be
 *     compared
 * @param precision of matrix products
 * @param seed of what was drawn
 * @param prompts how prompts were written out: {@code CHATML}, {@code LLAMA3} or {@code plain}
 * @param training digest of the training text that was asked about
 * @param suites in the order that they were asked for
 */
public record EvaluationResult(
        Digest model,
        String runner,
        Precision precision,
        long seed,
        String prompts,
        @LeftOutWhenEmpty Optional<Digest> training,
        List<SuiteResult> suites) {

    /** Goes up with every change of what a task's numbers mean or how they are found. */
    public static final String RUNNER = "tapestry-evaluation-2";

    public EvaluationResult {
        suites = List.copyOf(suites);
    }

    /**
     * A number by suite, task and metric.
     *
     * @param task its name, or {@code SUITE/TASK}
     */
    public Optional<Metric> metric(String task, String metric) {
        return suites.stream()
                .flatMap(suite ->
                        suite.tasks().stream()
                                .filter(one ->
                                        task.equals(one.task())
                                                || task.equals(suite.suite() + "/" + one.task()))
                                .flatMap(one -> one.metric(metric).stream()))
                .findFirst();
    }
}
