package dev.tapestry.consortium;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Everything that can happen in a consortium. An event is written to the log before it takes
 * effect; the state is the fold of all events, see {@link Consortium}.
 */
public sealed interface ConsortiumEvent {

    /** When the coordinator's clock said it happened. */
    Instant at();

    /** The consortium begins. */
    record Founded(Charter charter, String coordinatorKey, Instant at) implements ConsortiumEvent {}

    /** A member may enrol its node with a secret of which only the digest is kept. */
    record TokenIssued(MemberId member, Digest secret, Instant expires, Instant at)
            implements ConsortiumEvent {}

    /** A member's node has enrolled with a key of its own. */
    record MemberEnrolled(
            MemberId member, Digest certificate, String signingKey, Digest secret, Instant at)
            implements ConsortiumEvent {}

    /**
     * A member's node shows the certificate that renews the one before for the first time; from now
     * on it is the only one that counts.
     */
    record CertificateRenewed(MemberId member, Digest certificate, Instant at)
            implements ConsortiumEvent {}

    /** The consortium has withdrawn a member's right to take part. */
    record MemberRevoked(MemberId member, String reason, Instant at) implements ConsortiumEvent {}

    /**
     * More than half of the members have moved the coordinator; the first entry of the new one.
     *
     * @param key with which it signs
     * @param address where it is reached
     * @param statements digest of the members' signed agreement
     */
    record CoordinatorMoved(String key, String address, Digest statements, Instant at)
            implements ConsortiumEvent {}

    /** The consortium starts from this model. */
    record BaseAdopted(Digest base, String source, Instant at) implements ConsortiumEvent {}

    /** A run of the loop begins. */
    record RunStarted(RunPlan plan, Instant at) implements ConsortiumEvent {}

    /** The run has published all its bases, or cannot go on. */
    record RunEnded(boolean complete, String reason, Instant at) implements ConsortiumEvent {}

    /** The steward has ended the run, and with it the round under way. */
    record RunStopped(String reason, Instant at) implements ConsortiumEvent {}

    /** A round begins. */
    record RoundAnnounced(RoundPlan plan, Instant at) implements ConsortiumEvent {}

    /** A contribution is sound and will be merged. */
    record ContributionAdmitted(RoundNumber round, Contribution contribution, Instant at)
            implements ConsortiumEvent {}

    /** A contribution was refused; the member may send another. */
    record ContributionRefused(
            RoundNumber round, MemberId member, Finding finding, String detail, Instant at)
            implements ConsortiumEvent {}

    /**
     * These awaited members neither advanced nor were needed for a quorum for as long as the
     * charter's lease: the round goes on without them.
     */
    record LeasesLapsed(RoundNumber round, List<MemberId> members, Instant at)
            implements ConsortiumEvent {
        public LeasesLapsed {
            members = List.copyOf(members);
        }
    }

    /**
     * The coordinator no longer has an admitted contribution as it was admitted; its member is
     * asked for it again.
     */
    record ContributionLost(RoundNumber round, MemberId member, String reason, Instant at)
            implements ConsortiumEvent {}

    /** Enough contributions are in, or time is up; merging begins. */
    record CollectionClosed(RoundNumber round, List<MemberId> missing, Instant at)
            implements ConsortiumEvent {
        public CollectionClosed {
            missing = List.copyOf(missing);
        }
    }

    /** The contributions are merged; scoring begins and ends at {@code scoringClosesAt}. */
    record CandidateMerged(
            RoundNumber round, Candidate candidate, Instant scoringClosesAt, Instant at)
            implements ConsortiumEvent {}

    /** A member has scored the candidate on its own held-out text. */
    record CandidateScored(RoundNumber round, MemberId member, Score score, Instant at)
            implements ConsortiumEvent {}

    /** The candidate is the new base. */
    record BasePublished(RoundNumber round, Digest base, Optional<Digest> momentum, Instant at)
            implements ConsortiumEvent {}

    /** The candidate was not good enough; the base stays. */
    record RoundRolledBack(RoundNumber round, String reason, Instant at)
            implements ConsortiumEvent {}

    /** The round ended without a candidate; the base stays. */
    record RoundAbandoned(RoundNumber round, String reason, Instant at)
            implements ConsortiumEvent {}
}
