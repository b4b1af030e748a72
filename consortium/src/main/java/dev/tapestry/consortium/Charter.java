package dev.tapestry.consortium;

import java.time.Duration;
import java.util.Optional;

/**
 * The rules that the members agreed.
 *
 * @param name of the consortium
 * @param weighting of contributions in a merge
 * @param influenceCap the most weight that one member can have in a merge; in (0, 1]
 * @param quorum the fewest contributions that are merged, and the fewest scores that decide
 * @param roundDeadline how long contributions are collected
 * @param scoringDeadline how long scores are collected
 * @param qualityFloorBitsPerByte the largest training loss with which a contribution is merged
 * @param maxRelativeUpdateNorm the largest norm of an update, as a fraction of the base's norm
 * @param releaseToleranceBitsPerByte how much worse than the base a candidate's mean score may be
 *     and still be published
 * @param contributionQuotaBytes the largest contribution
 * @param lease how long a member is waited for that neither trains a step nor sends a byte, once a
 *     quorum is in; empty where a round waits until its deadline
 * @param late what becomes of contributions that miss their round; empty where they are dropped
 */
public record Charter(
        String name,
        Weighting weighting,
        double influenceCap,
        int quorum,
        Duration roundDeadline,
        Duration scoringDeadline,
        double qualityFloorBitsPerByte,
        double maxRelativeUpdateNorm,
        double releaseToleranceBitsPerByte,
        long contributionQuotaBytes,
        @LeftOutWhenEmpty Optional<Duration> lease,
        @LeftOutWhenEmpty Optional<LateRule> late) {

    public Charter {
        if (name.isBlank() || name.length() > 100) {
            throw new IllegalArgumentException("a consortium's name has 1 to 100 characters");
        }
        if (!(influenceCap > 0 && influenceCap <= 1)) {
            throw new IllegalArgumentException(
                    "influenceCap is above 0 and at most 1, not " + influenceCap);
        }
        if (quorum < 1) {
            throw new IllegalArgumentException("quorum is at least 1, not " + quorum);
        }
        positive("roundDeadline", roundDeadline);
        positive("scoringDeadline", scoringDeadline);
        lease.ifPresent(duration -> positive("lease", duration));
        positive("qualityFloorBitsPerByte", qualityFloorBitsPerByte);
        positive("maxRelativeUpdateNorm", maxRelativeUpdateNorm);
        positive("contributionQuotaBytes", (double) contributionQuotaBytes);
        if (!(releaseToleranceBitsPerByte >= 0) || Double.isInfinite(releaseToleranceBitsPerByte)) {
            throw new IllegalArgumentException(
                    "releaseToleranceBitsPerByte is finite and at least 0, not "
                            + releaseToleranceBitsPerByte);
        }
        if (influenceCap < 1.0 / quorum) {
            throw new IllegalArgumentException(
                    "with a quorum of "
                            + quorum
                            + " nobody could stay under an influence cap of "
                            + influenceCap
                            + ": raise the quorum, or the cap to at least "
                            + 1.0 / quorum);
        }
    }

    /** A charter that waits for everybody until the deadline, and takes nothing late. */
    public Charter(
            String name,
            Weighting weighting,
            double influenceCap,
            int quorum,
            Duration roundDeadline,
            Duration scoringDeadline,
            double qualityFloorBitsPerByte,
            double maxRelativeUpdateNorm,
            double releaseToleranceBitsPerByte,
            long contributionQuotaBytes) {
        this(
                name,
                weighting,
                influenceCap,
                quorum,
                roundDeadline,
                scoringDeadline,
                qualityFloorBitsPerByte,
                maxRelativeUpdateNorm,
                releaseToleranceBitsPerByte,
                contributionQuotaBytes,
                Optional.empty(),
                Optional.empty());
    }

    /** The same with these rules for members that are slow or away. */
    public Charter withStragglers(Optional<Duration> silence, Optional<LateRule> rule) {
        return new Charter(
                name,
                weighting,
                influenceCap,
                quorum,
                roundDeadline,
                scoringDeadline,
                qualityFloorBitsPerByte,
                maxRelativeUpdateNorm,
                releaseToleranceBitsPerByte,
                contributionQuotaBytes,
                silence,
                rule);
    }

    /** A charter that a small consortium can start with. */
    public static Charter standard(String name) {
        return new Charter(
                name,
                Weighting.EQUAL,
                0.5,
                2,
                Duration.ofHours(24),
                Duration.ofHours(6),
                16,
                0.5,
                0.05,
                1L << 40);
    }

    private static void positive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException(name + " is above 0, not " + value);
        }
    }

    private static void positive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " is finite and above 0, not " + value);
        }
    }
}
