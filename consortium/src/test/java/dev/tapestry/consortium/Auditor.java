package dev.tapestry.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Reads the log as it is written, and holds every event against the rules of the audit, and against
 * what is true in virtual time only: clocks go forward, and rounds end.
 */
final class Auditor {

    private static final Map<String, Set<String>> NEXT =
            Map.of(
                    "none", Set.of("Collecting"),
                    "Collecting", Set.of("Merging", "Abandoned"),
                    "Merging", Set.of("Scoring", "Abandoned", "Collecting"),
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
        assertThat(AuditRules.breach(before, event)).as("breach by %s", event).isEmpty();
        if (!(event instanceof BaseAdopted || event instanceof BasePublished)) {
            assertThat(after.base()).as("base after %s", event).isEqualTo(before.base());
        }
        switch (event) {
            case RoundAnnounced round -> {
                announced = round.at();
                toBeMerged.clear();
                collecting = true;
            }
            case ContributionAdmitted admitted ->
                    assertThat(toBeMerged.add(admitted.contribution().member()))
                            .as("first")
                            .isTrue();
            case MemberRevoked revoked -> {
                if (collecting) {
                    toBeMerged.remove(revoked.member());
                }
            }
            case CollectionClosed closed -> collecting = false;
            case CandidateMerged merged ->
                    assertThat(merged.candidate().weights())
                            .as("all that was admitted is merged")
                            .extracting(Candidate.Weight::member)
                            .containsExactlyElementsOf(toBeMerged);
            case BasePublished published -> {
                assertThat(after.base()).contains(published.base());
                assertThat(after.momentum()).isEqualTo(published.momentum());
            }
            // Nothing more to say about the others than that they keep the rules.
            case ConsortiumEvent other -> {}
        }
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
}
