package dev.tapestry.consortium;

import java.time.Duration;

/** Charters that differ from the standard one in one rule. */
final class Charters {

    private Charters() {}

    static Charter withTolerance(double bitsPerByte) {
        return charter(2, 0.5, Duration.ofHours(24), 16, bitsPerByte, 1000);
    }

    static Charter withQuorum(int quorum, double influenceCap) {
        return charter(quorum, influenceCap, Duration.ofHours(24), 16, 0.05, 1000);
    }

    static Charter withDeadline(Duration deadline) {
        return charter(2, 0.5, deadline, 16, 0.05, 1000);
    }

    static Charter withFloor(double bitsPerByte) {
        return charter(2, 0.5, Duration.ofHours(24), bitsPerByte, 0.05, 1000);
    }

    static Charter withQuota(long bytes) {
        return charter(2, 0.5, Duration.ofHours(24), 16, 0.05, bytes);
    }

    static Charter weighing(Weighting weighting) {
        return charter(weighting, 2, 0.5, Duration.ofHours(24), 16, 0.05, 1000);
    }

    private static Charter charter(
            int quorum, double cap, Duration deadline, double floor, double tolerance, long quota) {
        return charter(Weighting.EQUAL, quorum, cap, deadline, floor, tolerance, quota);
    }

    private static Charter charter(
            Weighting weighting,
            int quorum,
            double cap,
            Duration deadline,
            double floor,
            double tolerance,
            long quota) {
        return new Charter(
                "Sample",
                weighting,
                cap,
                quorum,
                deadline,
                Duration.ofHours(6),
                floor,
                0.5,
                tolerance,
                quota);
    }
}
