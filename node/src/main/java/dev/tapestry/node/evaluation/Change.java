package dev.tapestry.node.evaluation;

import java.util.List;
import java.util.Optional;

/**
 * A number of a model beside that of another.
 *
 * @param suite its name
 * @param task its name
 * @param now of the model
 * @param before of the other, if it was measured
 */
public record Change(String suite, String task, Metric now, Optional<Metric> before) {

    /** Two standard errors, about: 95 of 100 differences that are none lie within. */
    private static final double SURE = 1.96;

    /** What a difference says. */
    public enum Verdict {
        /** The model does better than the other. */
        BETTER,
        /** It does worse. */
        WORSE,
        /** The difference may be chance, or neither way is better. */
        UNCLEAR,
        /** There is nothing to compare with. */
        ALONE
    }

    /** All numbers of a result beside another's. */
    public static List<Change> between(EvaluationResult now, Optional<EvaluationResult> before) {
        return now.suites().stream()
                .flatMap(suite ->
                        suite.tasks().stream()
                                .flatMap(task ->
                                        task.metrics().stream()
                                                .map(metric ->
                                                        new Change(
                                                                suite.suite(),
                                                                task.task(),
                                                                metric,
                                                                before.flatMap(other ->
                                                                        other.metric(
                                                                                suite.suite()
                                                                                        + "/"
                                                                                        + task
                                                                                                .task(),
                                                                                metric.name()))))))
                .toList();
    }

    /** By how much it is more than the other's. */
    public Optional<Double> difference() {
        return before.map(other -> now.value() - other.value());
    }

    /**
     * What the difference says: it is clear where it is more than 1.96 times the standard errors of
     * both together, √(a² + b²). Where one has none, nobody knows what chance gives.
     */
    public Verdict verdict() {
        if (before.isEmpty()) {
            return Verdict.ALONE;
        }
        Metric other = before.orElseThrow();
        if (!hasError(now) || !hasError(other)) {
            return Verdict.UNCLEAR;
        }
        double difference = difference().orElse(0.0);
        double error =
                Math.hypot(now.standardError().orElse(0.0), other.standardError().orElse(0.0));
        if (Math.abs(difference) <= SURE * error || difference == 0) {
            return Verdict.UNCLEAR;
        }
        return switch (now.better()) {
            case HIGHER -> difference > 0 ? Verdict.BETTER : Verdict.WORSE;
            case LOWER -> difference < 0 ? Verdict.BETTER : Verdict.WORSE;
            case NEITHER -> Verdict.UNCLEAR;
        };
    }

    private static boolean hasError(Metric metric) {
        return metric.count() > 1 && metric.standardError().isPresent();
    }
}
