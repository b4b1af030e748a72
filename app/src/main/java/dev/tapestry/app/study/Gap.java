package dev.tapestry.app.study;

import java.util.List;

/**
 * How far one arm is behind another, over paired seeds.
 *
 * @param percent mean
 * @param high upper end of the mean's 95 % confidence interval (Student's t); NaN with one seed
 */
public record Gap(double percent, double high) {

    /** Two-sided 95 % quantiles of Student's t by degrees of freedom, from 1. */
    private static final double[] T = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228
    };

    private static final double NORMAL = 1.96;

    /** Of the gaps of each seed, in percent. */
    public static Gap of(List<Double> percents) {
        int n = percents.size();
        double mean = percents.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        if (n == 1) {
            return new Gap(mean, Double.NaN);
        }
        double squares = percents.stream().mapToDouble(gap -> (gap - mean) * (gap - mean)).sum();
        double t = n - 1 <= T.length ? T[n - 2] : NORMAL;
        return new Gap(mean, mean + t * Math.sqrt(squares / (n - 1) / n));
    }

    /** How much more {@code loss} is than {@code best}, in percent. */
    public static double percent(double loss, double best) {
        return 100 * (loss / best - 1);
    }
}
