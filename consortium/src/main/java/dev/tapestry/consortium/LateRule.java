package dev.tapestry.consortium;

import java.time.Duration;

/**
 * What becomes of contributions that are ready after their round has closed: within a window they
 * are taken into a later round of the same run, so that no work is lost. A charter without this
 * rule drops them.
 *
 * @param window how long after its round's close a contribution is taken, above 0
 * @param maxStaleness how many bases may have been published since the one it was trained from; 1
 *     to 100, for so many bases are kept
 * @param discount a: the claim of a contribution that is s bases behind is multiplied by (1 + s)^−a
 *     before the influence cap (FedBuff, arXiv 2106.06639; FedAsync's polynomial, arXiv
 *     1903.03934). 0 takes it at full weight; at most 10
 */
public record LateRule(Duration window, int maxStaleness, double discount) {

    public LateRule {
        if (!window.isPositive()) {
            throw new IllegalArgumentException("late: window is above 0, not " + window);
        }
        if (maxStaleness < 1 || maxStaleness > 100) {
            throw new IllegalArgumentException(
                    "late: maxStaleness is 1 to 100, not " + maxStaleness);
        }
        if (!(discount >= 0 && discount <= 10)) {
            throw new IllegalArgumentException("late: discount is 0 to 10, not " + discount);
        }
    }

    /** By what the claim of a contribution so many bases behind is multiplied; in (0, 1]. */
    public double weight(int staleness) {
        return Math.pow(1 + staleness, -discount);
    }
}
