package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.util.Locale;
import java.util.Optional;

/**
 * What a number of a suite must come to.
 *
 * @param task its name, or {@code SUITE/TASK} where several suites have one of that name
 * @param metric of the task
 * @param atLeast it must not be below
 * @param atMost it must not be above
 * @param notWorseThanBaseBy it must not be worse than the base's by more than this
 */
public record SuiteGate(
        String task,
        String metric,
        @LeftOutWhenEmpty Optional<Double> atLeast,
        @LeftOutWhenEmpty Optional<Double> atMost,
        @LeftOutWhenEmpty Optional<Double> notWorseThanBaseBy) {

    public SuiteGate {
        if (atLeast.isEmpty() && atMost.isEmpty() && notWorseThanBaseBy.isEmpty()) {
            throw new IllegalArgumentException(
                    "a gate of '%s' has at-least, at-most or not-worse-than-base-by"
                            .formatted(task));
        }
    }

    /** A gate that only compares with the base. */
    public static SuiteGate comparing(String task, String metric, double most) {
        return new SuiteGate(task, metric, Optional.empty(), Optional.empty(), Optional.of(most));
    }

    /** What of this gate compares with the base, if something does. */
    public Optional<SuiteGate> comparison() {
        return notWorseThanBaseBy.map(most -> comparing(task, metric, most));
    }

    /**
     * How a gate stands.
     *
     * @param gate what was asked for
     * @param passed whether it holds
     * @param words what was found and what was asked for
     */
    public record Outcome(SuiteGate gate, boolean passed, String words) {}

    /**
     * Holds a result against this gate. What was not measured does not pass, and neither does what
     * is to be compared with a base that was not measured.
     *
     * @param base how the base did
     */
    public Outcome judge(EvaluationResult result, Optional<EvaluationResult> base) {
        Optional<Metric> found = result.metric(task, metric);
        if (found.isEmpty()) {
            return new Outcome(this, false, "%s of %s was not measured".formatted(metric, task));
        }
        Metric now = found.orElseThrow();
        Optional<Metric> before = base.flatMap(one -> one.metric(task, metric));
        Optional<String> wrong =
                atLeast.filter(least -> now.value() < least)
                        .map(least -> "at-least is " + number(least))
                        .or(() ->
                                atMost.filter(most -> now.value() > most)
                                        .map(most -> "at-most is " + number(most)))
                        .or(() ->
                                before.isPresent()
                                        ? worse(now, before.orElseThrow())
                                        : notWorseThanBaseBy.map(_ -> alone(base)));
        return new Outcome(
                this,
                wrong.isEmpty(),
                "%s of %s is %s%s"
                        .formatted(
                                metric,
                                task,
                                number(now.value()),
                                wrong.map(why -> ", " + why).orElse("")));
    }

    private static String alone(Optional<EvaluationResult> base) {
        return "the base's was not measured" + (base.isPresent() ? "" : "; name it with --against");
    }

    private Optional<String> worse(Metric now, Metric before) {
        double by =
                switch (now.better()) {
                    case HIGHER -> before.value() - now.value();
                    case LOWER -> now.value() - before.value();
                    case NEITHER -> Math.abs(now.value() - before.value());
                };
        return notWorseThanBaseBy
                .filter(most -> by > most)
                .map(most ->
                        "the base's is %s, not-worse-than-base-by is %s"
                                .formatted(number(before.value()), number(most)));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4g", value);
    }
}
