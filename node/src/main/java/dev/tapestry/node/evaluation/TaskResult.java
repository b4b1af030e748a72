package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.util.List;
import java.util.Optional;

/**
 * What a task came to.
 *
 * @param task its name
 * @param kind of task, as {@code suite.yaml} names it
 * @param metrics none if it was skipped
 * @param skipped why, if it was
 */
public record TaskResult(
        String task,
        String kind,
        List<Metric> metrics,
        @LeftOutWhenEmpty Optional<String> skipped) {

    public TaskResult {
        metrics = List.copyOf(metrics);
    }

    static TaskResult of(String task, String kind, List<Metric> metrics) {
        return new TaskResult(task, kind, metrics, Optional.empty());
    }

    static TaskResult skipped(String task, String kind, String why) {
        return new TaskResult(task, kind, List.of(), Optional.of(why));
    }

    /** One of its numbers. */
    public Optional<Metric> metric(String name) {
        return metrics.stream().filter(metric -> metric.name().equals(name)).findFirst();
    }
}
