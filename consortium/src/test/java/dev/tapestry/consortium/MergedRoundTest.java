package dev.tapestry.consortium;

import static dev.tapestry.consortium.Sample.BANK;
import static dev.tapestry.consortium.Sample.CHARTER;
import static dev.tapestry.consortium.Sample.CLINIC;
import static dev.tapestry.consortium.Sample.LAB;
import static dev.tapestry.consortium.Sample.NOON;
import static dev.tapestry.consortium.Sample.STRANGER;
import static dev.tapestry.consortium.Sample.better;
import static dev.tapestry.consortium.Sample.candidate;
import static dev.tapestry.consortium.Sample.contribution;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CandidateScored;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.Lost;
import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundInput.Revoked;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.TimePassed;
import dev.tapestry.consortium.RoundInput.Unsound;
import dev.tapestry.consortium.RoundState.Abandoned;
import dev.tapestry.consortium.RoundState.Collecting;
import dev.tapestry.consortium.RoundState.Merging;
import dev.tapestry.consortium.RoundState.Published;
import dev.tapestry.consortium.RoundState.RolledBack;
import dev.tapestry.consortium.RoundState.Scoring;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Merging, scoring, and what the release gate says. */
class MergedRoundTest {

    private static final RoundNumber ONE = new RoundNumber(1);
    private static final Instant DEADLINE = NOON.plus(CHARTER.scoringDeadline());

    private final Story round = Story.begin(LAB, BANK);

    @Test
    void a_merge_makes_a_candidate_that_everybody_scores() {
        round.contribute(LAB, BANK);
        Candidate candidate = candidate(BANK, LAB);
        assertThat(round.tell(new Merged(candidate, NOON)))
                .containsExactly(new CandidateMerged(ONE, candidate, DEADLINE, NOON));
        assertThat(round.state()).isInstanceOf(Scoring.class);
        assertThat(round.state().awaited()).containsExactly(BANK, LAB);
        assertThat(round.state().deadline()).contains(DEADLINE);
    }

    @Test
    void a_merge_has_no_deadline_because_a_restarted_coordinator_merges_again() {
        round.contribute(LAB, BANK);
        assertThat(round.state().deadline()).isEmpty();
        assertThat(round.tell(new TimePassed(Instant.MAX))).isEmpty();
        assertThat(round.state()).isInstanceOf(Merging.class);
    }

    @Test
    void a_contribution_that_the_disk_damaged_is_awaited_again_and_the_round_goes_on_with_it() {
        round.contribute(LAB, BANK);
        assertThat(round.tell(new Lost(LAB, "a part is damaged", NOON)))
                .containsExactly(new ContributionLost(ONE, LAB, "a part is damaged", NOON));
        assertThat(round.state()).isInstanceOf(Collecting.class);
        assertThat(round.state().awaited()).containsExactly(LAB);
        assertThat(round.tell(new Lost(LAB, "a part is damaged", NOON))).isEmpty();
        round.contribute(LAB);
        assertThat(round.state()).isInstanceOf(Merging.class);
        assertThat(round.state().admitted().keySet()).containsExactly(BANK, LAB);
    }

    @Test
    void a_lost_contribution_that_does_not_come_again_is_missing_like_any_other() {
        Story three = Story.begin(LAB, BANK, CLINIC);
        three.contribute(LAB, BANK, CLINIC);
        three.tell(new Lost(CLINIC, "a part is damaged", NOON));
        Instant late = NOON.plus(CHARTER.roundDeadline());
        assertThat(three.tell(new TimePassed(late)))
                .containsExactly(new CollectionClosed(ONE, List.of(CLINIC), late));
        three.tell(new Lost(LAB, "a part is damaged", late));
        assertThat(three.tell(new TimePassed(late)).getFirst()).isInstanceOf(RoundAbandoned.class);
    }

    @Test
    void a_merge_that_cannot_be_done_abandons_the_round() {
        round.contribute(LAB, BANK);
        assertThat(round.tell(new MergeFailed("the disk is full", NOON)))
                .containsExactly(new RoundAbandoned(ONE, "the disk is full", NOON));
        assertThat(round.state()).isInstanceOf(Abandoned.class);
    }

    @Test
    void what_was_admitted_is_merged_even_if_its_member_is_revoked_meanwhile() {
        round.contribute(LAB, BANK);
        assertThat(round.tell(new Revoked(LAB, NOON))).isEmpty();
        assertThat(round.state().admitted()).containsKey(LAB);
    }

    @Test
    void a_candidate_that_too_few_are_left_to_score_is_rolled_back_at_once() {
        round.contribute(LAB, BANK);
        round.tell(new Revoked(LAB, NOON));
        round.tell(new Revoked(BANK, NOON));
        assertThat(round.tell(new Merged(candidate(BANK, LAB), NOON))).hasSize(2);
        assertThat(round.state()).isInstanceOf(RolledBack.class);
    }

    @Test
    void a_score_is_remembered_and_the_first_one_counts() {
        round.merge(LAB, BANK);
        assertThat(round.tell(new Scored(LAB, better(0.1), NOON)))
                .containsExactly(new CandidateScored(ONE, LAB, better(0.1), NOON));
        assertThat(round.tell(new Scored(LAB, better(0.9), NOON))).isEmpty();
        assertThat(((Scoring) round.state()).scores()).containsEntry(LAB, better(0.1));
    }

    @Test
    void a_strangers_score_does_not_count() {
        round.merge(LAB, BANK);
        assertThat(round.tell(new Scored(STRANGER, better(1), NOON))).isEmpty();
    }

    @Test
    void the_last_score_publishes_a_better_candidate() {
        round.merge(LAB, BANK);
        round.score(0.1, LAB);
        assertThat(round.tell(new Scored(BANK, better(0.1), NOON)).getLast())
                .isEqualTo(
                        new BasePublished(
                                ONE,
                                candidate().model(),
                                Optional.of(Sample.digest("momentum")),
                                NOON));
        assertThat(round.state()).isInstanceOf(Published.class);
        assertThat(((Published) round.state()).scores()).containsOnlyKeys(BANK, LAB);
    }

    @Test
    void the_tolerance_itself_is_tolerated_and_a_little_more_is_not() {
        Charter exact = Charters.withTolerance(0.25);
        assertThat(verdict(exact, -0.25)).isInstanceOf(BasePublished.class);
        assertThat(verdict(exact, -0.2501)).isInstanceOf(RoundRolledBack.class);
    }

    @Test
    void one_members_gain_can_outweigh_anothers_loss() {
        round.merge(LAB, BANK);
        round.score(-0.1, LAB);
        round.score(0.3, BANK);
        assertThat(round.state()).isInstanceOf(Published.class);
    }

    @Test
    void a_worse_candidate_is_rolled_back() {
        round.merge(LAB, BANK);
        round.score(-0.1, LAB, BANK);
        assertThat(((RolledBack) round.state()).reason()).contains("worse than the base");
    }

    @Test
    void at_the_deadline_too_few_scores_roll_back() {
        round.merge(LAB, BANK);
        round.score(0.1, LAB);
        assertThat(round.tell(new TimePassed(DEADLINE.minusNanos(1)))).isEmpty();
        round.tell(new TimePassed(DEADLINE));
        assertThat(((RolledBack) round.state()).reason()).contains("1 of 2").contains("bank");
    }

    @Test
    void at_the_deadline_a_quorum_of_scores_decides() {
        Story three = Story.begin(LAB, BANK, STRANGER);
        three.merge(LAB, BANK, STRANGER);
        three.score(0.1, LAB, BANK);
        three.tell(new TimePassed(DEADLINE));
        assertThat(three.state()).isInstanceOf(Published.class);
    }

    @Test
    void a_late_score_brings_the_verdict_but_does_not_count() {
        Story three = Story.begin(LAB, BANK, STRANGER);
        three.merge(LAB, BANK, STRANGER);
        three.score(0.1, LAB, BANK);
        assertThat(three.tell(new Scored(STRANGER, better(-9), DEADLINE)))
                .hasOnlyElementsOfType(BasePublished.class);
    }

    @Test
    void a_revoked_members_score_does_not_count() {
        Story three = Story.begin(LAB, BANK, STRANGER);
        three.merge(LAB, BANK, STRANGER);
        three.score(-9, STRANGER);
        three.tell(new Revoked(STRANGER, NOON));
        three.score(0.1, LAB, BANK);
        assertThat(three.state()).isInstanceOf(Published.class);
    }

    @Test
    void revoking_the_last_one_awaited_brings_the_verdict() {
        Story three = Story.begin(LAB, BANK, STRANGER);
        three.merge(LAB, BANK, STRANGER);
        three.score(0.1, LAB, BANK);
        three.tell(new Revoked(STRANGER, NOON));
        assertThat(three.state()).isInstanceOf(Published.class);
    }

    @Test
    void a_revocation_that_puts_the_quorum_of_scores_out_of_reach_rolls_back_at_once() {
        round.merge(LAB, BANK);
        round.tell(new Revoked(LAB, NOON));
        assertThat(round.state()).isInstanceOf(RolledBack.class);
    }

    @Test
    void once_collecting_is_over_only_a_repeat_of_what_was_admitted_is_not_refused() {
        Story three = Story.begin(LAB, BANK, STRANGER);
        three.contribute(LAB, BANK);
        three.tell(new TimePassed(NOON.plus(CHARTER.roundDeadline())));
        List<RoundInput> steps =
                List.of(
                        new Merged(candidate(BANK, LAB), NOON),
                        new Scored(LAB, better(0.1), NOON),
                        new TimePassed(DEADLINE));
        for (RoundInput step : steps) {
            assertThat(three.tell(new Contributed(contribution(LAB), NOON))).isEmpty();
            assertThat(three.finding(new Contributed(contribution(STRANGER), NOON)))
                    .isEqualTo(Finding.STALE_ROUND);
            assertThat(three.finding(new Contributed(contribution(LAB, "other"), NOON)))
                    .isEqualTo(Finding.STALE_ROUND);
            Refusal refusal = new Refusal(Finding.NON_FINITE, "a NaN");
            assertThat(three.finding(new Unsound(STRANGER, refusal, NOON)))
                    .isEqualTo(Finding.STALE_ROUND);
            three.tell(step);
        }
        assertThat(three.state()).isInstanceOf(RolledBack.class);
    }

    @Test
    void nothing_moves_a_round_that_is_over() {
        round.merge(LAB, BANK);
        round.score(0.1, LAB, BANK);
        RoundState over = round.state();
        List<RoundInput> inputs =
                List.of(
                        new Contributed(contribution(LAB, "late"), NOON),
                        new Revoked(LAB, NOON),
                        new Merged(candidate(LAB), NOON),
                        new MergeFailed("?", NOON),
                        new Scored(LAB, better(-9), NOON),
                        new TimePassed(Instant.MAX));
        inputs.forEach(round::tell);
        assertThat(round.state()).isEqualTo(over);
        assertThat(over.over()).isTrue();
        assertThat(over.awaited()).isEmpty();
        assertThat(over.deadline()).isEmpty();
    }

    @Test
    void events_of_another_round_do_not_move_this_one() {
        RoundNumber two = new RoundNumber(2);
        RoundState before = round.state();
        assertThat(RoundRules.evolve(before, new RoundAbandoned(two, "?", NOON))).isSameAs(before);
        round.merge(LAB, BANK);
        RoundState scoring = round.state();
        assertThat(RoundRules.evolve(scoring, new RoundRolledBack(two, "?", NOON)))
                .isSameAs(scoring);
    }

    private ConsortiumEvent verdict(Charter charter, double betterBy) {
        Story story = Story.begin(LAB, BANK);
        story.merge(LAB, BANK);
        story.score(betterBy, LAB);
        Scoring state = ((Scoring) story.state()).score(BANK, better(betterBy));
        return ReleaseGate.verdict(state, charter, NOON);
    }
}
