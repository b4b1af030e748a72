package dev.tapestry.coordinator;

import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CandidateScored;
import dev.tapestry.consortium.ConsortiumEvent.CertificateRenewed;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.CoordinatorMoved;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.ConsortiumEvent.RunStopped;
import dev.tapestry.consortium.ConsortiumEvent.SigningKeyReplaced;
import dev.tapestry.consortium.ConsortiumEvent.TokenIssued;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.Wait;
import java.time.InstantSource;
import java.util.List;
import java.util.function.BiConsumer;

/** Tells the operator each event in one line, with who is awaited and until when. */
final class Chronicle implements BiConsumer<ConsortiumEvent, Consortium> {

    private static final System.Logger LOG = System.getLogger(Chronicle.class.getName());

    private final InstantSource clock;

    Chronicle(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public void accept(ConsortiumEvent event, Consortium after) {
        LOG.log(System.Logger.Level.INFO, () -> line(event, after));
    }

    private String line(ConsortiumEvent event, Consortium after) {
        return switch (event) {
            case Founded it -> "founded " + it.charter().name();
            case TokenIssued it -> "token for %s, until %s".formatted(it.member(), it.expires());
            case MemberEnrolled it -> "enrolled " + it.member();
            case CertificateRenewed it -> "certificate of %s renewed".formatted(it.member());
            case SigningKeyReplaced it -> "%s signs with another key".formatted(it.member());
            case MemberRevoked it -> "revoked %s: %s".formatted(it.member(), it.reason());
            case CoordinatorMoved it -> "the coordinator has moved to " + it.address();
            case BaseAdopted it ->
                    "base %s adopted from %s".formatted(it.base().abbreviated(), it.source());
            case RunStarted it -> "run of %d rounds".formatted(it.plan().rounds());
            case RunEnded it -> "run ended: " + it.reason();
            case RunStopped it -> "run stopped by the steward: " + it.reason();
            case RoundAnnounced it ->
                    "round %s from base %s%s"
                            .formatted(
                                    it.plan().round(),
                                    it.plan().base().abbreviated(),
                                    waiting(after));
            case ContributionAdmitted it ->
                    "round %s admitted %s%s%s"
                            .formatted(
                                    it.round(),
                                    it.contribution().member(),
                                    it.contribution()
                                            .late()
                                            .map(late ->
                                                    ", made for round %s, %d bases behind"
                                                            .formatted(
                                                                    late.round(), late.staleness()))
                                            .orElse(""),
                                    waiting(after));
            case ContributionRefused it ->
                    "round %s refused %s: %s, %s"
                            .formatted(it.round(), it.member(), it.finding(), it.detail());
            case ConsortiumEvent.LeasesLapsed it ->
                    "round %s waits no longer for %s, who have not advanced for a lease"
                            .formatted(it.round(), it.members());
            case ContributionLost it ->
                    "round %s lost the contribution of %s, which is asked for it again: %s%s"
                            .formatted(it.round(), it.member(), it.reason(), waiting(after));
            case CollectionClosed it ->
                    "round %s merges%s"
                            .formatted(
                                    it.round(),
                                    it.missing().isEmpty() ? "" : " without " + it.missing());
            case CandidateMerged it ->
                    "round %s merged %s with weights %s, %s%s"
                            .formatted(
                                    it.round(),
                                    it.candidate().model().abbreviated(),
                                    weights(it.candidate()),
                                    it.candidate().figures().whole().line(),
                                    waiting(after));
            case CandidateScored it ->
                    "round %s: %s scores %.4f against %.4f bits per byte%s"
                            .formatted(
                                    it.round(),
                                    it.member(),
                                    it.score().candidateBitsPerByte(),
                                    it.score().baseBitsPerByte(),
                                    waiting(after));
            case BasePublished it ->
                    "round %s published base %s".formatted(it.round(), it.base().abbreviated());
            case RoundRolledBack it ->
                    "round %s rolled back: %s".formatted(it.round(), it.reason());
            case RoundAbandoned it -> "round %s abandoned: %s".formatted(it.round(), it.reason());
        };
    }

    private static List<String> weights(Candidate candidate) {
        return candidate.weights().stream()
                .map(weight -> "%s %.3f".formatted(weight.member(), weight.value()))
                .toList();
    }

    private String waiting(Consortium after) {
        return after.round()
                .filter(round -> !round.awaited().isEmpty())
                .map(round ->
                        "; "
                                + Wait.tally(
                                        Views.arrived(round),
                                        round.awaited().stream().map(MemberId::value).toList(),
                                        round.deadline(),
                                        clock.instant()))
                .orElse("");
    }
}
