package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.MemberId;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What a simulation gave: the same for the same plan, to the last byte.
 *
 * @param plan what was simulated
 * @param variants that are done, in the plan's order
 */
public record SimulationReport(SimulationPlan plan, List<VariantResult> variants) {

    /**
     * One variant. A loss is in bits per byte where members train on text, and the function's value
     * where they descend a noisy quadratic.
     *
     * @param name the plan's
     * @param broke why it ended before its time: a loss was no number; empty if it did not
     * @param published bases
     * @param virtualSeconds from the beginning to the end of the run
     * @param modelBytes of the whole model's files
     * @param bytesUpPerMember that a member sent, on average
     * @param bytesDownPerMember that a member received, on average
     * @param merged contributions in published bases
     * @param late contributions that came when their round took none any more
     * @param refused other contributions that were refused, by finding
     * @param utilisation the share of the virtual time in which a member trained, on average
     * @param mergedShare the share of the time trained that went into a published base
     * @param startMeanLoss mean over members before the first round
     * @param meanLoss mean over members at the end
     * @param worstLoss of the member with the largest at the end
     * @param worst that member
     * @param rounds one after the other
     */
    public record VariantResult(
            String name,
            Optional<String> broke,
            int published,
            double virtualSeconds,
            long modelBytes,
            long bytesUpPerMember,
            long bytesDownPerMember,
            int merged,
            int late,
            SortedMap<String, Integer> refused,
            double utilisation,
            double mergedShare,
            double startMeanLoss,
            double meanLoss,
            double worstLoss,
            MemberId worst,
            List<Round> rounds) {
        public VariantResult {
            rounds = List.copyOf(rounds);
        }
    }

    /** How a round ended. */
    public enum Outcome {
        /** With a new base. */
        PUBLISHED,
        /** Its candidate was not good enough, or too few scored it. */
        ROLLED_BACK,
        /** Too few contributed, or the merge could not be done. */
        ABANDONED
    }

    /**
     * One round.
     *
     * @param reason why it gave no base; empty if it did
     * @param begunSeconds virtual time of its announcement
     * @param endedSeconds virtual time of its end
     * @param merged contributions in the published base
     * @param late contributions that arrived during it, of this round or one before, and were too
     *     late
     * @param refused contributions that were refused for other reasons
     * @param away members that were away
     * @param bytesUpPerMember since the beginning, on average
     * @param bytesDownPerMember since the beginning, on average
     * @param meanLoss of the base after it, over members
     * @param worstLoss of the member with the largest
     * @param worst that member
     */
    public record Round(
            int number,
            Outcome outcome,
            String reason,
            double begunSeconds,
            double endedSeconds,
            int merged,
            int late,
            int refused,
            int away,
            long bytesUpPerMember,
            long bytesDownPerMember,
            double meanLoss,
            double worstLoss,
            MemberId worst) {}

    public SimulationReport {
        variants = List.copyOf(variants);
    }
}
