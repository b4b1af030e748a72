package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What was found in an audit bundle.
 *
 * @param sound whether everything fits
 * @param consortium its name
 * @param origin of the log
 * @param coordinatorKey with which the log ends; compare it with what the members know
 * @param entries all of them, under the signed checkpoint
 * @param root of the tree over them
 * @param witnesses who vouches for how much
 * @param witnessed how many of them vouch for the latest base
 * @param manifests contributions whose signed manifest was checked
 * @param manifestsMissing contributions whose manifest is not in the bundle
 * @param merges what was merged again
 * @param bad the first entry that does not fit
 * @param problem what is wrong; empty if it is sound
 */
public record BundleReport(
        boolean sound,
        String consortium,
        String origin,
        String coordinatorKey,
        long entries,
        Optional<Digest> root,
        List<Witness> witnesses,
        long witnessed,
        long manifests,
        long manifestsMissing,
        List<Merge> merges,
        Optional<BadEntry> bad,
        String problem) {

    /**
     * How much of the log a member vouches for.
     *
     * @param member who
     * @param entries the first so many
     * @param at by its own clock
     */
    public record Witness(MemberId member, long entries, Instant at) {}

    /**
     * A merge that was looked at.
     *
     * @param round which
     * @param outcome {@code MATCHES}, {@code DIFFERS} or {@code NOT_KEPT}
     * @param detail what differs or is not kept
     */
    public record Merge(int round, Outcome outcome, String detail) {
        /** What came of merging again. */
        public enum Outcome {
            MATCHES,
            DIFFERS,
            NOT_KEPT
        }
    }

    /** The same, with nothing of other merges. */
    BundleReport withMerges(List<Merge> some) {
        return new BundleReport(
                sound,
                consortium,
                origin,
                coordinatorKey,
                entries,
                root,
                witnesses,
                witnessed,
                manifests,
                manifestsMissing,
                some,
                bad,
                problem);
    }

    /** A bundle with which something is wrong. */
    static BundleReport broken(
            String consortium, String origin, Optional<BadEntry> bad, String problem) {
        return new BundleReport(
                false,
                consortium,
                origin,
                "",
                0,
                Optional.empty(),
                List.of(),
                0,
                0,
                0,
                List.of(),
                bad,
                problem);
    }
}
