package dev.tapestry.consortium;

import java.time.Duration;

/**
 * That members of different speed train for about the same time: each does as many steps as it can
 * in it by its own measure, so that nobody waits (DyLU, arXiv 2401.09135). The plan's steps are the
 * most that anyone does.
 *
 * @param trainFor how long steps are to take, above 0
 * @param leastSteps that everybody does, at least 1; also what a node does in its first round, by
 *     which it measures itself
 */
public record Pace(Duration trainFor, int leastSteps) {

    public Pace {
        if (!trainFor.isPositive()) {
            throw new IllegalArgumentException("pace: trainFor is above 0, not " + trainFor);
        }
        if (leastSteps < 1) {
            throw new IllegalArgumentException("pace: leastSteps is at least 1, not " + leastSteps);
        }
    }

    /**
     * How many steps that is.
     *
     * @param secondsPerStep as measured; above 0
     * @param most that the plan allows
     */
    public int steps(double secondsPerStep, int most) {
        double fitting = trainFor.toMillis() / 1e3 / secondsPerStep;
        return Math.clamp((long) fitting, leastSteps, most);
    }
}
