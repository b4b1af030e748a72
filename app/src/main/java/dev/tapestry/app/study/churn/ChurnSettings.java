package dev.tapestry.app.study.churn;

import java.time.Duration;

/**
 * What members are like, and how long things take.
 *
 * @param members how many
 * @param flapping share of them that go away and come back all the time, 0 to 1
 * @param rounds bases that the run is to publish
 * @param training how long a member of median speed trains in a round
 * @param spread standard deviation of the logarithm of members' speeds
 * @param up how long a flapping member is there, on average
 * @param down how long it is away then, on average
 */
record ChurnSettings(
        int members,
        double flapping,
        int rounds,
        Duration training,
        double spread,
        Duration up,
        Duration down) {

    ChurnSettings {
        require(members >= 2, "members is at least 2");
        require(flapping >= 0 && flapping <= 1, "flapping is 0 to 1");
        require(rounds >= 1, "rounds is at least 1");
        require(spread >= 0 && spread <= 3, "spread is 0 to 3");
        require(
                training.isPositive() && up.isPositive() && down.isPositive(),
                "durations are above 0");
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(what);
        }
    }
}
