package dev.tapestry.consortium;

import static dev.tapestry.consortium.Sample.BANK;
import static dev.tapestry.consortium.Sample.CHARTER;
import static dev.tapestry.consortium.Sample.CLINIC;
import static dev.tapestry.consortium.Sample.LAB;
import static dev.tapestry.consortium.Sample.NOON;
import static dev.tapestry.consortium.Sample.STRANGER;
import static dev.tapestry.consortium.Sample.contribution;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.RoundInput.Contributed;
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
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class CollectingRoundTest {

    private static final Instant DEADLINE = NOON.plus(CHARTER.roundDeadline());

    private final Story round = Story.begin(LAB, BANK, CLINIC);

    @Test
    void a_round_waits_for_everybody_who_is_invited() {
        assertThat(round.state()).isInstanceOf(Collecting.class);
        assertThat(round.state().awaited()).containsExactly(BANK, CLINIC, LAB);
        assertThat(round.state().deadline()).contains(DEADLINE);
    }

    @Test
    void a_sound_contribution_is_admitted_and_no_longer_awaited() {
        assertThat(round.tell(new Contributed(contribution(LAB), NOON)))
                .containsExactly(
                        new ContributionAdmitted(new RoundNumber(1), contribution(LAB), NOON));
        assertThat(round.state().awaited()).containsExactly(BANK, CLINIC);
    }

    @Test
    void the_last_contribution_closes_the_collection() {
        round.contribute(LAB, BANK);
        List<ConsortiumEvent> events = round.tell(new Contributed(contribution(CLINIC), NOON));
        assertThat(events.getLast())
                .isEqualTo(new CollectionClosed(new RoundNumber(1), List.of(), NOON));
        assertThat(round.state()).isInstanceOf(Merging.class);
        assertThat(round.state().admitted()).containsOnlyKeys(BANK, CLINIC, LAB);
    }

    @Test
    void the_same_contribution_again_changes_nothing() {
        round.contribute(LAB);
        assertThat(round.tell(new Contributed(contribution(LAB), NOON))).isEmpty();
    }

    @Test
    void another_contribution_by_the_same_member_is_refused() {
        round.contribute(LAB);
        assertThat(round.finding(new Contributed(contribution(LAB, "better"), NOON)))
                .isEqualTo(Finding.ALREADY_ADMITTED);
        assertThat(round.state().admitted()).containsEntry(LAB, contribution(LAB));
    }

    @Test
    void a_copy_of_another_members_weights_is_refused() {
        round.contribute(LAB);
        assertThat(round.finding(new Contributed(contribution(BANK, "weights of lab"), NOON)))
                .isEqualTo(Finding.REPLAY);
    }

    @Test
    void who_is_not_invited_cannot_contribute() {
        assertThat(round.finding(new Contributed(contribution(STRANGER), NOON)))
                .isEqualTo(Finding.NOT_INVITED);
    }

    @Test
    void who_was_revoked_cannot_contribute() {
        round.tell(new Revoked(LAB, NOON));
        assertThat(round.finding(new Contributed(contribution(LAB), NOON)))
                .isEqualTo(Finding.REVOKED);
    }

    @Test
    void an_unsound_contribution_is_refused_and_the_member_may_try_again() {
        Refusal refusal = new Refusal(Finding.NON_FINITE, "a NaN");
        assertThat(round.finding(new Unsound(LAB, refusal, NOON))).isEqualTo(Finding.NON_FINITE);
        assertThat(round.state().awaited()).contains(LAB);
        round.contribute(LAB);
        assertThat(round.state().admitted()).containsKey(LAB);
    }

    @Test
    void time_before_the_deadline_changes_nothing() {
        assertThat(round.tell(new TimePassed(DEADLINE.minusNanos(1)))).isEmpty();
    }

    @Test
    void at_the_deadline_a_quorum_is_merged_without_the_missing() {
        round.contribute(LAB, BANK);
        assertThat(round.tell(new TimePassed(DEADLINE)))
                .containsExactly(
                        new CollectionClosed(new RoundNumber(1), List.of(CLINIC), DEADLINE));
    }

    @Test
    void at_the_deadline_without_a_quorum_the_round_is_abandoned() {
        round.contribute(LAB);
        assertThat(round.tell(new TimePassed(DEADLINE)))
                .hasOnlyElementsOfType(RoundAbandoned.class);
        assertThat(((Abandoned) round.state()).reason()).contains("1 of 2").contains("bank");
    }

    @Test
    void what_arrives_after_the_deadline_is_late_even_if_the_clock_has_not_said_so_yet() {
        round.contribute(LAB, BANK);
        assertThat(round.finding(new Contributed(contribution(CLINIC), DEADLINE)))
                .isEqualTo(Finding.STALE_ROUND);
        assertThat(round.state()).isInstanceOf(Merging.class);
        assertThat(round.state().admitted()).containsOnlyKeys(BANK, LAB);
    }

    @Test
    void an_admitted_contribution_sent_again_after_the_deadline_closes_and_is_not_refused() {
        round.contribute(LAB, BANK);
        assertThat(round.tell(new Contributed(contribution(LAB), DEADLINE)))
                .hasOnlyElementsOfType(CollectionClosed.class);
    }

    @Test
    void a_revoked_members_contribution_leaves_the_round() {
        round.contribute(LAB);
        assertThat(round.tell(new Revoked(LAB, NOON))).isEmpty();
        assertThat(round.state().admitted()).isEmpty();
        assertThat(round.state().awaited()).containsExactly(BANK, CLINIC);
    }

    @Test
    void revoking_the_last_one_awaited_closes_the_collection() {
        round.contribute(LAB, BANK);
        round.tell(new Revoked(CLINIC, NOON));
        assertThat(round.state()).isInstanceOf(Merging.class);
    }

    @Test
    void a_revocation_that_puts_the_quorum_out_of_reach_abandons_the_round_at_once() {
        round.contribute(LAB);
        round.tell(new Revoked(CLINIC, NOON));
        assertThat(round.state()).isInstanceOf(Collecting.class);
        assertThat(round.tell(new Revoked(BANK, NOON))).hasOnlyElementsOfType(RoundAbandoned.class);
        assertThat(((Abandoned) round.state()).reason())
                .isEqualTo(
                        "1 of 2 contributions needed; revoked since the round began: bank, clinic");
    }

    @Test
    void revoking_somebody_who_is_not_in_the_round_changes_nothing() {
        assertThat(round.tell(new Revoked(STRANGER, NOON))).isEmpty();
    }

    @Test
    void merges_and_scores_mean_nothing_to_a_round_that_collects() {
        assertThat(round.tell(new Merged(Sample.candidate(LAB), NOON))).isEmpty();
        assertThat(round.tell(new MergeFailed("?", NOON))).isEmpty();
        assertThat(round.tell(new Scored(LAB, Sample.better(1), NOON))).isEmpty();
    }
}
