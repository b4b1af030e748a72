package dev.tapestry.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CandidateScored;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.RoundState.Collecting;
import dev.tapestry.consortium.RoundState.Published;
import dev.tapestry.consortium.RoundState.Scoring;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** Reads the log as it is written, and holds every event against what must always be true. */
final class Auditor {

    private static final Map<String, Set<String>> NEXT =
            Map.of(
                    "none", Set.of("Collecting"),
                    "Collecting", Set.of("Merging", "Abandoned"),
                    "Merging", Set.of("Scoring", "Abandoned"),
                    "Scoring", Set.of("Published", "RolledBack"),
                    "Published", Set.of("Collecting"),
                    "RolledBack", Set.of("Collecting"),
                    "Abandoned", Set.of("Collecting"));

    private Optional<Consortium> state = Optional.empty();
    private Instant announced = Instant.EPOCH;
    private Instant latest = Instant.EPOCH;
    private final SortedSet<MemberId> toBeMerged = new TreeSet<>();
    private boolean collecting;

    /**
     * Reads on.
     *
     * @param disturbance how much longer than its deadlines a round may take: merges and outages
     */
    void observe(List<ConsortiumEvent> events, Duration disturbance) {
        for (ConsortiumEvent event : events) {
            assertThat(event.at()).as("time goes forward").isAfterOrEqualTo(latest);
            latest = event.at();
            if (state.isEmpty()) {
                state = Optional.of(Consortium.found((Founded) event));
                continue;
            }
            Consortium before = state.get();
            Consortium after = before.apply(event);
            state = Optional.of(after);
            examine(event, before, after);
            examinePhase(event, before, after, disturbance);
        }
    }

    void agreesWith(Consortium other) {
        assertThat(other).as("the state is the fold of the log").isEqualTo(state.orElseThrow());
    }

    private void examine(ConsortiumEvent event, Consortium before, Consortium after) {
        if (!(event instanceof BaseAdopted || event instanceof BasePublished)) {
            assertThat(after.base()).as("base after %s", event).isEqualTo(before.base());
        }
        switch (event) {
            case RoundAnnounced(RoundPlan plan, Instant at) -> {
                assertThat(plan.round().value()).isEqualTo(before.rounds() + 1);
                assertThat(plan.base()).isEqualTo(before.base().orElseThrow());
                assertThat(plan.invited()).allMatch(id -> active(before, id));
                announced = at;
                toBeMerged.clear();
                collecting = true;
            }
            case ContributionAdmitted(RoundNumber round, Contribution contribution, Instant at) -> {
                Collecting now = (Collecting) before.round().orElseThrow();
                assertThat(round).isEqualTo(now.number());
                assertThat(at).isBefore(now.plan().closesAt());
                assertThat(now.plan().invited()).contains(contribution.member());
                assertThat(active(before, contribution.member())).isTrue();
                assertThat(before.contributedWeights()).doesNotContain(contribution.weights());
                assertThat(toBeMerged.add(contribution.member())).as("first").isTrue();
            }
            case MemberRevoked revoked -> {
                if (collecting) {
                    toBeMerged.remove(revoked.member());
                }
            }
            case CollectionClosed closed -> {
                collecting = false;
                assertThat(toBeMerged.size()).isGreaterThanOrEqualTo(before.charter().quorum());
            }
            case CandidateMerged merged -> examine(merged.candidate(), before.charter());
            case CandidateScored(RoundNumber round, MemberId member, Score score, Instant at) -> {
                Scoring now = (Scoring) before.round().orElseThrow();
                assertThat(now.awaited()).contains(member);
                assertThat(active(before, member)).isTrue();
                assertThat(at).isBefore(now.closesAt());
            }
            case BasePublished published -> {
                Published now = (Published) after.round().orElseThrow();
                assertThat(published.base()).isEqualTo(now.candidate().model());
                assertThat(after.base()).contains(now.candidate().model());
                assertThat(after.momentum()).isEqualTo(now.candidate().momentum());
                assertThat(now.scores().size()).isGreaterThanOrEqualTo(before.charter().quorum());
            }
            // Nothing more to say about the others than that they leave the base alone.
            case ConsortiumEvent other -> {}
        }
    }

    private void examine(Candidate candidate, Charter charter) {
        assertThat(candidate.weights().stream().map(Candidate.Weight::member))
                .as("all that was admitted is merged")
                .containsExactlyElementsOf(toBeMerged);
        double[] weights =
                candidate.weights().stream().mapToDouble(Candidate.Weight::value).toArray();
        double sum = 0;
        for (double weight : weights) {
            assertThat(weight).isLessThanOrEqualTo(charter.influenceCap());
            sum += weight;
        }
        assertThat(Math.abs(sum - 1)).as("weights sum to 1").isLessThan(1e-9);
    }

    private void examinePhase(
            ConsortiumEvent event, Consortium before, Consortium after, Duration disturbance) {
        String from = before.round().map(RoundState::phase).orElse("none");
        String to = after.round().map(RoundState::phase).orElse("none");
        if (!from.equals(to)) {
            assertThat(NEXT.get(from)).as("%s leads from %s", event, from).contains(to);
        }
        boolean ends = after.round().isPresent() && after.round().get().over();
        if (ends && !from.equals(to)) {
            Charter charter = after.charter();
            assertThat(event.at())
                    .as("round %s ends in time", after.rounds())
                    .isBeforeOrEqualTo(
                            announced
                                    .plus(charter.roundDeadline())
                                    .plus(charter.scoringDeadline())
                                    .plus(disturbance));
        }
    }

    private static boolean active(Consortium consortium, MemberId id) {
        Member member = consortium.members().get(id);
        return member != null && member.active();
    }
}
