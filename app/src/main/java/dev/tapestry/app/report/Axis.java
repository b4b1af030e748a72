package dev.tapestry.app.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * A scale from values to pixels, with round ticks.
 *
 * @param low the value at {@code from}
 * @param high the value at {@code to}
 * @param ticks values that are written beside it
 * @param logarithmic whether equal distances are equal factors
 */
record Axis(
        double low, double high, List<Double> ticks, boolean logarithmic, double from, double to) {

    private static final double[] ROUND = {1, 2, 5, 10};

    /** A linear scale on which all values lie. */
    static Axis over(double[] values, double from, double to) {
        double low = Arrays.stream(values).min().orElse(0);
        double high = Arrays.stream(values).max().orElse(1);
        double span = Math.max(high - low, 1e-9);
        double magnitude = Math.pow(10, Math.floor(Math.log10(span / 5)));
        double step = magnitude;
        for (double factor : ROUND) {
            if (span / (magnitude * factor) <= 6) {
                step = magnitude * factor;
                break;
            }
        }
        double first = Math.floor(low / step) * step;
        double last = Math.ceil(high / step) * step;
        double apart = step;
        List<Double> ticks =
                DoubleStream.iterate(first, tick -> tick <= last + apart / 2, tick -> tick + apart)
                        .boxed()
                        .toList();
        return new Axis(first, last, ticks, false, from, to);
    }

    /** A logarithmic scale on which all values, above 0, lie. */
    static Axis logarithmicOver(double[] values, double from, double to) {
        double low = Arrays.stream(values).min().orElse(1);
        double high = Arrays.stream(values).max().orElse(10);
        int decade = (int) Math.floor(Math.log10(low));
        List<Double> round =
                DoubleStream.iterate(
                                decade, place -> place <= Math.log10(high) + 1, place -> place + 1)
                        .flatMap(
                                place -> DoubleStream.of(1, 2, 5).map(d -> d * Math.pow(10, place)))
                        .boxed()
                        .toList();
        double first = round.stream().filter(tick -> tick <= low).reduce((_, b) -> b).orElse(low);
        double last = round.stream().filter(tick -> tick > high).findFirst().orElse(2 * high);
        List<Double> ticks = round.stream().filter(tick -> tick >= first && tick <= last).toList();
        return new Axis(first, last, ticks, true, from, to);
    }

    double at(double value) {
        double part =
                logarithmic
                        ? Math.log(value / low) / Math.log(high / low)
                        : (value - low) / (high - low);
        return from + part * (to - from);
    }

    /** A tick's value as it is written. */
    static String number(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.2f", value);
    }
}
