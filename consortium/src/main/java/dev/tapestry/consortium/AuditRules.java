package dev.tapestry.consortium;

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
import dev.tapestry.consortium.RoundState.Collecting;
import dev.tapestry.consortium.RoundState.Merging;
import dev.tapestry.consortium.RoundState.Scoring;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What must hold of every event, given the state before it. The fold of a log takes events as they
 * come; an auditor who replays it asks here whether the rules would have written them.
 *
 * <p>The order of events is that of the log. Their times are what the coordinator's clock said: it
 * may have been set back, and of two requests at once the later may be written first, so a time is
 * held against deadlines but not against the time of another event. What is not in the log is not
 * asked here: signatures, files, and whether the candidate is the merge.
 */
public final class AuditRules {

    private AuditRules() {}

    /** Which rule {@code event} breaks after {@code before}; empty where it breaks none. */
    public static Optional<String> breach(Consortium before, ConsortiumEvent event) {
        return switch (event) {
            case Founded again -> Optional.of("the consortium is founded twice");
            case TokenIssued issued ->
                    unless(
                            issued.expires().isAfter(issued.at()),
                            () ->
                                    "the token of %s expires before it is issued"
                                            .formatted(issued.member()));
            case MemberEnrolled enrolled -> enrolled(before, enrolled);
            case CertificateRenewed renewed -> renewed(before, renewed);
            // That the member wishes it is shown by its statement, not by the rules.
            case SigningKeyReplaced replaced -> replaced(before, replaced);
            case MemberRevoked revoked ->
                    unless(
                            before.revocable(revoked.member()),
                            () ->
                                    "%s is revoked, but is no active member and has no unused token"
                                            .formatted(revoked.member()));
            // That the members agreed is shown by their statements, not by the log.
            case CoordinatorMoved moved ->
                    unless(
                            !moved.key().equals(before.coordinatorKey()),
                            () -> "the coordinator moves to the key that it has");
            case BaseAdopted adopted ->
                    unless(
                            before.run().isEmpty(),
                            () ->
                                    "base %s is adopted in the middle of a run"
                                            .formatted(adopted.base()));
            case RunStarted started ->
                    unless(before.run().isEmpty(), () -> "a run begins in the middle of another")
                            .or(() -> unless(before.base().isPresent(), () -> "a run has no base"))
                            .or(() ->
                                    PlanRules.refusal(started.plan(), before.charter())
                                            .map(refusal ->
                                                    "a run begins by a plan that cannot work: "
                                                            + refusal.detail()));
            case RunEnded ended ->
                    unless(
                            before.betweenRounds(ended.at()).orElse(null) instanceof RunEnded due
                                    && due.complete() == ended.complete(),
                            () ->
                                    "the run ends %s, which it is not"
                                            .formatted(
                                                    ended.complete() ? "complete" : "fruitless"));
            case RunStopped stopped ->
                    unless(before.run().isPresent(), () -> "a run is stopped where none is");
            case RoundAnnounced announced -> announced(before, announced);
            case ContributionAdmitted it ->
                    RoundAuditRules.during(
                            Collecting.class,
                            before,
                            it.round(),
                            it,
                            round -> RoundAuditRules.admitted(round, it, before));
            // What was refused, and why, is between the member and the coordinator.
            case ContributionRefused it ->
                    RoundAuditRules.during(
                            RoundState.class, before, it.round(), it, round -> Optional.empty());
            case ConsortiumEvent.LeasesLapsed it ->
                    RoundAuditRules.during(
                            RoundState.class,
                            before,
                            it.round(),
                            it,
                            round -> RoundAuditRules.lapsed(round, it, before));
            case ContributionLost it ->
                    RoundAuditRules.during(
                            RoundState.class,
                            before,
                            it.round(),
                            it,
                            round -> RoundAuditRules.lost(round, it));
            case CollectionClosed it ->
                    RoundAuditRules.during(
                            Collecting.class,
                            before,
                            it.round(),
                            it,
                            round -> RoundAuditRules.closed(round, it, before.charter()));
            case CandidateMerged it ->
                    RoundAuditRules.during(
                            Merging.class,
                            before,
                            it.round(),
                            it,
                            round -> RoundAuditRules.merged(round, it, before));
            case CandidateScored it ->
                    RoundAuditRules.during(
                            Scoring.class,
                            before,
                            it.round(),
                            it,
                            round -> RoundAuditRules.scored(round, it));
            case BasePublished it ->
                    RoundAuditRules.during(
                            Scoring.class,
                            before,
                            it.round(),
                            it,
                            round -> RoundAuditRules.published(round, it, before.charter()));
            case RoundRolledBack it ->
                    RoundAuditRules.during(
                            Scoring.class,
                            before,
                            it.round(),
                            it,
                            round -> RoundAuditRules.rolledBack(round, it, before.charter()));
            case RoundAbandoned it ->
                    RoundAuditRules.during(
                            RoundState.class,
                            before,
                            it.round(),
                            it,
                            round -> RoundAuditRules.abandoned(round, it, before.charter()));
        };
    }

    private static Optional<String> enrolled(Consortium before, MemberEnrolled event) {
        TokenIssued token = before.tokens().get(event.secret());
        if (token == null || !token.member().equals(event.member())) {
            return Optional.of(
                    "%s enrols without an unused token of its own".formatted(event.member()));
        }
        return unless(
                event.at().isBefore(token.expires()),
                () ->
                        "%s enrols with a token that expired at %s"
                                .formatted(event.member(), token.expires()));
    }

    private static Optional<String> renewed(Consortium before, CertificateRenewed event) {
        if (!active(before, event.member())) {
            return Optional.of(
                    "%s renews its certificate, but is no active member".formatted(event.member()));
        }
        return unless(
                before.members().values().stream()
                        .noneMatch(member -> member.certificate().equals(event.certificate())),
                () ->
                        "%s renews its certificate by %s, which is a member's already"
                                .formatted(event.member(), event.certificate()));
    }

    private static Optional<String> replaced(Consortium before, SigningKeyReplaced event) {
        if (!active(before, event.member())) {
            return Optional.of(
                    "%s replaces its key, but is no active member".formatted(event.member()));
        }
        return unless(
                !before.signsAlready(event.signingKey()),
                () ->
                        "%s replaces its key by %s, which is a member's already"
                                .formatted(event.member(), event.signingKey()));
    }

    private static Optional<String> announced(Consortium before, RoundAnnounced event) {
        RoundPlan plan = event.plan();
        if (!(before.betweenRounds(event.at()).orElse(null) instanceof RoundAnnounced due)) {
            return Optional.of(
                    "round %s is announced when no round is due: it needs a run that goes on, a base, enough members, and no round under way"
                            .formatted(plan.round()));
        }
        return unless(
                        plan.base().equals(due.plan().base()),
                        () ->
                                "round %s begins from %s; the base is %s"
                                        .formatted(plan.round(), plan.base(), due.plan().base()))
                .or(() ->
                        unless(
                                plan.invited().equals(due.plan().invited()),
                                () ->
                                        "round %s invites %s; the active members are %s"
                                                .formatted(
                                                        plan.round(),
                                                        plan.invited(),
                                                        due.plan().invited())))
                .or(() ->
                        unless(
                                plan.equals(due.plan()),
                                () ->
                                        "the plan of round %s is %s; charter and run give %s"
                                                .formatted(plan.round(), plan, due.plan())));
    }

    static boolean active(Consortium consortium, MemberId id) {
        Member member = consortium.members().get(id);
        return member != null && member.active();
    }

    static Optional<String> unless(boolean holds, Supplier<String> breach) {
        return holds ? Optional.empty() : Optional.of(breach.get());
    }
}
