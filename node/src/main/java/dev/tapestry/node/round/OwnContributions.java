package dev.tapestry.node.round;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import java.util.Optional;

/**
 * What became of a member's contributions: a fold of the coordinator's log.
 *
 * <p>Contributions are named by the digests of their signed envelopes.
 *
 * @param merged the latest that a base was made of. It is forgotten when the consortium adopts
 *     another base, and when a contribution after it was refused: then what the next one would
 *     carry on may be the reason
 * @param open admitted to a round that is not over
 */
record OwnContributions(Optional<Digest> merged, Optional<Digest> open) {

    static final OwnContributions NONE = new OwnContributions(Optional.empty(), Optional.empty());

    /** After one more entry of the log. */
    OwnContributions after(ConsortiumEvent event, MemberId member) {
        return switch (event) {
            case ContributionAdmitted(_, var contribution, _) ->
                    contribution.member().equals(member)
                            ? new OwnContributions(merged, Optional.of(contribution.envelope()))
                            : this;
            case ContributionRefused refused ->
                    refused.member().equals(member)
                            ? new OwnContributions(Optional.empty(), open)
                            : this;
            case ContributionLost lost ->
                    lost.member().equals(member)
                            ? new OwnContributions(merged, Optional.empty())
                            : this;
            case BasePublished _ -> new OwnContributions(open.or(() -> merged), Optional.empty());
            // The base stays, and with it what the round before has left.
            case RoundRolledBack _ -> new OwnContributions(merged, Optional.empty());
            case RoundAbandoned _ -> new OwnContributions(merged, Optional.empty());
            case ConsortiumEvent.RunStopped _ -> new OwnContributions(merged, Optional.empty());
            case BaseAdopted _ -> NONE;
            case MemberRevoked revoked -> revoked.member().equals(member) ? NONE : this;
            case ConsortiumEvent.Founded _ -> this;
            case ConsortiumEvent.TokenIssued _ -> this;
            case ConsortiumEvent.MemberEnrolled _ -> this;
            case ConsortiumEvent.CoordinatorMoved _ -> this;
            case ConsortiumEvent.CertificateRenewed _ -> this;
            case ConsortiumEvent.RunStarted _ -> this;
            case ConsortiumEvent.RunEnded _ -> this;
            case ConsortiumEvent.RoundAnnounced _ -> this;
            case ConsortiumEvent.LeasesLapsed _ -> this;
            case ConsortiumEvent.CollectionClosed _ -> this;
            case ConsortiumEvent.CandidateMerged _ -> this;
            case ConsortiumEvent.CandidateScored _ -> this;
        };
    }
}
