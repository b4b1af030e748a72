package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CandidateScored;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.LeasesLapsed;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.ConsortiumEvent.RunStopped;
import dev.tapestry.consortium.ConsortiumEvent.TokenIssued;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.Lost;
import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundInput.Revoked;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.Silent;
import dev.tapestry.consortium.RoundInput.TimePassed;
import dev.tapestry.consortium.RoundInput.Unsound;
import dev.tapestry.consortium.RoundState.Abandoned;
import dev.tapestry.consortium.RoundState.Collecting;
import dev.tapestry.consortium.RoundState.Merging;
import dev.tapestry.consortium.RoundState.Published;
import dev.tapestry.consortium.RoundState.RolledBack;
import dev.tapestry.consortium.RoundState.Scoring;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a round goes from state to state. Pure: {@link #decide} says which events an input causes,
 * {@link #evolve} what the events change; whoever replays the events reaches the same state.
 *
 * <pre>
 * state       input                 when                                  events                           next
 * ----------  --------------------  ------------------------------------  -------------------------------  ----------
 * Collecting  any                   deadline, or nobody is awaited, or    the closing, then the input      see below
 *                                   fewer expected than the quorum        meets the next state
 *             Silent                all awaited ones are, and a quorum    LeasesLapsed                     Merging
 *                                   is in                                 + CollectionClosed
 *  (closing)                        quorum                                CollectionClosed                 Merging
 *                                   no quorum                             RoundAbandoned                   Abandoned
 *             Contributed           same as the one admitted              –                                same
 *                                   another one, by the same member       ContributionRefused              same
 *                                   from a stranger, or a replay          ContributionRefused              same
 *                                   otherwise                             ContributionAdmitted             Collecting
 *                                   … and is the last one awaited         + the closing                    see above
 *             Unsound               always                                ContributionRefused              same
 *             Lost                  it was admitted                       ContributionLost                 same
 * Merging     Merged                always                                CandidateMerged                  Scoring
 *                                   … and too few are left to score       + the verdict                    RolledBack
 *             MergeFailed           always                                RoundAbandoned                   Abandoned
 *             Lost                  it was admitted                       ContributionLost                 Collecting
 * Scoring     Silent                all awaited ones are, and a quorum    LeasesLapsed                     see below
 *                                   has scored                            + the verdict
 *             any                   deadline, or nobody is awaited, or    the verdict, then the input      see below
 *                                   fewer expected than the quorum        meets the next state
 *  (verdict)                        fewer scores than the quorum          RoundRolledBack                  RolledBack
 *                                   mean worsened beyond tolerance        RoundRolledBack                  RolledBack
 *                                   otherwise                             BasePublished                    Published
 *             Scored                first score of an expected member     CandidateScored                  Scoring
 *                                   … and is the last one awaited         + the verdict                    see above
 * not         Contributed           the very one that was admitted, or    –                                same
 *                                   by a charter that takes it late
 * Collecting                        otherwise                             ContributionRefused STALE_ROUND  same
 *             Unsound               always                                ContributionRefused STALE_ROUND  same
 * every       anything else                                               –                                same
 * </pre>
 *
 * <p>A {@code Revoked} member is no longer expected, and what it contributed or scored while the
 * round still waits for others does not count: a revocation can therefore close a round or bring
 * the verdict. {@code MemberRevoked} is written before the events that {@link #decide} returns for
 * it; {@link Consortium#revocation} keeps that order. What is late is late, whether the clock or
 * the message came first: an input after the deadline first settles what was due.
 *
 * <p>Where the plan is {@linkplain Asynchronous asynchronous}, collecting is also due once its
 * buffer is full, and scoring once a quorum has scored.
 *
 * <p>A contribution that is {@code Lost} is awaited again from its member until the deadline of the
 * plan; then the round goes on without it, as without any that did not come.
 */
public final class RoundRules {

    private RoundRules() {}

    /** The events that {@code input} causes; empty where it changes nothing. */
    public static List<ConsortiumEvent> decide(
            RoundState state, RoundInput input, Charter charter) {
        return switch (state) {
            case Collecting collecting -> CollectingRules.decide(collecting, input, charter);
            case Merging merging -> MergingRules.decide(merging, input, charter);
            case Scoring scoring -> ScoringRules.decide(scoring, input, charter);
            case Published over -> tooLate(over, input, charter);
            case RolledBack over -> tooLate(over, input, charter);
            case Abandoned over -> tooLate(over, input, charter);
        };
    }

    /** The state after {@code event}; the same state where the event is not about this round. */
    public static RoundState evolve(RoundState state, ConsortiumEvent event) {
        if (!concerns(state.number(), event)) {
            return state;
        }
        return switch (state) {
            case Collecting collecting -> CollectingRules.evolve(collecting, event);
            case Merging merging -> MergingRules.evolve(merging, event);
            case Scoring scoring -> ScoringRules.evolve(scoring, event);
            case Published over -> over;
            case RolledBack over -> over;
            case Abandoned over -> over;
        };
    }

    /**
     * Why a contribution with this manifest cannot be admitted now; empty where it can. Asked when
     * the manifest arrives, so that a doomed upload is refused before it begins, and again when the
     * files are complete. {@link Consortium#refusal} asks this and what only the whole consortium
     * can tell.
     *
     * @param planDigest digest of the round plan's canonical JSON
     */
    public static Optional<Refusal> refusal(
            RoundState state, ContributionManifest manifest, Digest planDigest, Charter charter) {
        return AdmissionRules.refusal(state, manifest, planDigest, charter);
    }

    /** The event that settles a due state, followed by what the input causes in the next one. */
    static List<ConsortiumEvent> settleThenDecide(
            RoundState due, ConsortiumEvent settling, RoundInput input, Charter charter) {
        List<ConsortiumEvent> events = new ArrayList<>();
        events.add(settling);
        events.addAll(decide(evolve(due, settling), input, charter));
        return List.copyOf(events);
    }

    /** What it causes that an admitted contribution is not what it was. */
    static List<ConsortiumEvent> lost(
            RoundState state, MemberId member, String reason, Instant at) {
        return state.admitted().containsKey(member)
                ? List.of(new ContributionLost(state.number(), member, reason, at))
                : List.of();
    }

    /**
     * What an input causes that came when the round was no longer collecting. By a charter that
     * takes contributions late it is not refused: its time may come when a round collects again.
     */
    static List<ConsortiumEvent> tooLate(RoundState state, RoundInput input, Charter charter) {
        return switch (input) {
            case Contributed late ->
                    charter.late().isPresent()
                                    || late.contribution()
                                            .equals(
                                                    state.admitted()
                                                            .get(late.contribution().member()))
                            ? List.of()
                            : stale(state, late.contribution().member(), late);
            case Unsound late -> stale(state, late.member(), late);
            case Lost other -> List.of();
            case Revoked other -> List.of();
            case Merged other -> List.of();
            case MergeFailed other -> List.of();
            case Scored other -> List.of();
            case Silent other -> List.of();
            case TimePassed other -> List.of();
        };
    }

    private static List<ConsortiumEvent> stale(
            RoundState state, MemberId member, RoundInput input) {
        String detail = "round " + state.number() + " is " + state.phase();
        return List.of(
                new ContributionRefused(
                        state.number(), member, Finding.STALE_ROUND, detail, input.at()));
    }

    /** A run that is stopped takes the round under way with it. */
    static RoundState stopped(RoundState state, RunStopped event) {
        return new Abandoned(state.plan(), "the run was stopped: " + event.reason());
    }

    private static boolean concerns(RoundNumber round, ConsortiumEvent event) {
        return switch (event) {
            case MemberRevoked revoked -> true;
            case RunStopped stopped -> true;
            case ContributionAdmitted about -> about.round().equals(round);
            case ContributionRefused about -> about.round().equals(round);
            case LeasesLapsed about -> about.round().equals(round);
            case ContributionLost about -> about.round().equals(round);
            case CollectionClosed about -> about.round().equals(round);
            case CandidateMerged about -> about.round().equals(round);
            case CandidateScored about -> about.round().equals(round);
            case BasePublished about -> about.round().equals(round);
            case RoundRolledBack about -> about.round().equals(round);
            case RoundAbandoned about -> about.round().equals(round);
            case Founded other -> false;
            case TokenIssued other -> false;
            case MemberEnrolled other -> false;
            case ConsortiumEvent.CertificateRenewed other -> false;
            case BaseAdopted other -> false;
            case ConsortiumEvent.CoordinatorMoved other -> false;
            case RunStarted other -> false;
            case RunEnded other -> false;
            case RoundAnnounced other -> false;
        };
    }
}
