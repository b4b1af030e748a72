package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.util.List;
import java.util.Optional;

/**
 * A number that a task came to.
 *
 * @param name in its task
 * @param value finite
 * @param standardError of the value, where it can be told
 * @param count of what it is the mean of, or how many items went in
 * @param better which way is better
 */
public record Metric(
        String name,
        double value,
        @LeftOutWhenEmpty Optional<Double> standardError,
        long count,
        Better better) {

    /** Which way a number is better. */
    public enum Better {
        /** The more the better. */
        HIGHER,
        /** The less the better. */
        LOWER,
        /** Neither: it says where something is. */
        NEITHER
    }

    /**
     * The mean of some values, with its standard error: s/√n, s the deviation of the sample with n
     * − 1, as lm-evaluation-harness has it. Of a single value there is none.
     */
    static Metric mean(String name, List<Double> values, Better better) {
        double mean = values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        double squares =
                values.stream().mapToDouble(value -> (value - mean) * (value - mean)).sum();
        int n = values.size();
        Optional<Double> error =
                n < 2 ? Optional.empty() : Optional.of(Math.sqrt(squares / (n - 1) / n));
        return new Metric(name, mean, error, n, better);
    }

    /** The share of some that are true. */
    static Metric share(String name, List<Boolean> values, Better better) {
        return mean(name, values.stream().map(value -> value ? 1.0 : 0.0).toList(), better);
    }

    /** A number without an error. */
    static Metric plain(String name, double value, long count, Better better) {
        return new Metric(name, value, Optional.empty(), count, better);
    }
}
