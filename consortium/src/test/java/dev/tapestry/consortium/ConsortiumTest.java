package dev.tapestry.consortium;

import static dev.tapestry.consortium.Sample.BANK;
import static dev.tapestry.consortium.Sample.BASE;
import static dev.tapestry.consortium.Sample.CHARTER;
import static dev.tapestry.consortium.Sample.CLINIC;
import static dev.tapestry.consortium.Sample.LAB;
import static dev.tapestry.consortium.Sample.NOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.ConsortiumEvent.RunStopped;
import dev.tapestry.consortium.ConsortiumEvent.TokenIssued;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.TimePassed;
import dev.tapestry.consortium.RoundState.Merging;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Members, tokens, runs: what is larger than one round. */
class ConsortiumTest {

    private Consortium consortium =
            Consortium.replay(Sample.history(CHARTER, Sample.run(2), LAB, BANK, CLINIC));

    @Test
    void a_log_begins_with_the_founding() {
        BaseAdopted adopted = new BaseAdopted(BASE, "an open model", NOON);
        assertThatThrownBy(() -> Consortium.replay(List.of(adopted)))
                .hasMessageContaining("begins with its founding");
        assertThatThrownBy(() -> Consortium.replay(List.of()))
                .hasMessageContaining("begins with its founding");
    }

    @Test
    void nobody_founds_a_consortium_twice() {
        assertThatThrownBy(() -> consortium.apply(new Founded(CHARTER, "another key", NOON)))
                .hasMessageContaining("founded twice");
    }

    @Test
    void a_token_is_used_up_by_the_enrolment() {
        MemberId clinic = new MemberId("another-clinic");
        List<ConsortiumEvent> events = Sample.enrolment(clinic, NOON);
        Consortium invited = consortium.apply(events.getFirst());
        assertThat(invited.tokens()).hasSize(1);
        assertThat(invited.members()).doesNotContainKey(clinic);
        Consortium enrolled = invited.apply(events.getLast());
        assertThat(enrolled.tokens()).isEmpty();
        assertThat(enrolled.members()).hasSize(4);
    }

    @Test
    void a_member_can_enrol_again_with_a_new_key() {
        Digest certificate = Sample.digest("new certificate");
        Digest secret = Sample.digest("second secret");
        consortium =
                consortium.apply(new MemberEnrolled(LAB, certificate, "new key", secret, NOON));
        assertThat(consortium.members().get(LAB))
                .isEqualTo(new Member(LAB, certificate, "new key", Member.Standing.ENROLLED));
    }

    @Test
    void revoking_a_stranger_changes_no_member() {
        Consortium after = consortium.apply(new MemberRevoked(Sample.STRANGER, "?", NOON));
        assertThat(after).isEqualTo(consortium);
    }

    @Test
    void a_stranger_has_nothing_to_lose_and_nobody_loses_it_twice() {
        assertThat(consortium.revocation(Sample.STRANGER, "?", NOON)).isEmpty();
        consortium = consortium.applyAll(consortium.revocation(LAB, "it left", NOON));
        assertThat(consortium.revocation(LAB, "it left", NOON)).isEmpty();
    }

    @Test
    void a_revoked_member_cannot_let_itself_in_again_with_a_token_it_kept() {
        consortium = consortium.apply(token(LAB, "spare")).apply(token(BANK, "in use"));
        consortium = consortium.applyAll(consortium.revocation(LAB, "its key leaked", NOON));
        assertThat(consortium.tokens().values())
                .extracting(TokenIssued::member)
                .containsExactly(BANK);
        consortium = consortium.apply(token(LAB, "after a talk"));
        assertThat(consortium.tokens()).containsKey(Sample.digest("after a talk"));
    }

    @Test
    void a_token_that_leaks_is_withdrawn_though_its_member_is_revoked_or_never_enrolled() {
        consortium = consortium.applyAll(consortium.revocation(LAB, "its key leaked", NOON));
        consortium = consortium.apply(token(LAB, "leaked")).apply(token(Sample.STRANGER, "too"));
        for (MemberId invited : List.of(LAB, Sample.STRANGER)) {
            List<ConsortiumEvent> events = consortium.revocation(invited, "it leaked", NOON);
            assertThat(events).containsExactly(new MemberRevoked(invited, "it leaked", NOON));
            consortium = consortium.applyAll(events);
            assertThat(consortium.revocable(invited)).isFalse();
        }
        assertThat(consortium.tokens()).isEmpty();
        assertThat(consortium.members()).doesNotContainKey(Sample.STRANGER);
    }

    /** Or the replay of a long log would take the square of its length. */
    @Test
    void an_event_copies_nothing_that_it_does_not_change() {
        announce();
        contribute("first", LAB);
        Consortium after =
                consortium.apply(
                        new ConsortiumEvent.ContributionRefused(
                                new RoundNumber(1), BANK, Finding.NON_FINITE, "NaN", NOON));
        assertThat(after.members()).isSameAs(consortium.members());
        assertThat(after.tokens()).isSameAs(consortium.tokens());
        assertThat(after.contributedWeights()).isSameAs(consortium.contributedWeights());
        assertThat(after.round().orElseThrow().admitted())
                .isSameAs(consortium.round().orElseThrow().admitted());
    }

    @Test
    void a_run_begins_with_a_round_that_invites_every_active_member() {
        consortium = consortium.applyAll(consortium.revocation(BANK, "it left", NOON));
        announce();
        RoundPlan plan = consortium.round().orElseThrow().plan();
        assertThat(plan.round()).isEqualTo(new RoundNumber(1));
        assertThat(plan.base()).isEqualTo(BASE);
        assertThat(plan.invited()).containsExactly(CLINIC, LAB);
        assertThat(plan.closesAt()).isEqualTo(NOON.plus(CHARTER.roundDeadline()));
    }

    @Test
    void nothing_is_announced_while_a_round_is_under_way() {
        announce();
        assertThat(consortium.betweenRounds(NOON)).isEmpty();
    }

    @Test
    void nothing_is_announced_without_a_base_or_without_a_run() {
        Founded founded = new Founded(CHARTER, "key", NOON);
        Consortium baseless = Consortium.found(founded).apply(new RunStarted(Sample.run(1), NOON));
        Consortium idle = Consortium.found(founded).apply(new BaseAdopted(BASE, "?", NOON));
        assertThat(baseless.betweenRounds(NOON)).isEmpty();
        assertThat(idle.betweenRounds(NOON)).isEmpty();
    }

    @Test
    void a_run_waits_while_too_few_members_are_enrolled_and_goes_on_when_one_joins() {
        consortium = Consortium.replay(Sample.history(CHARTER, Sample.run(1), LAB));
        assertThat(consortium.betweenRounds(NOON)).isEmpty();
        consortium = consortium.applyAll(Sample.enrolment(BANK, NOON));
        assertThat(consortium.betweenRounds(NOON)).get().isInstanceOf(RoundAnnounced.class);
    }

    @Test
    void a_published_base_is_where_the_next_round_begins() {
        announce();
        publish("first");
        assertThat(consortium.base()).contains(Sample.candidate().model());
        assertThat(consortium.momentum()).contains(Sample.digest("momentum"));
        announce();
        RoundPlan plan = consortium.round().orElseThrow().plan();
        assertThat(plan.round()).isEqualTo(new RoundNumber(2));
        assertThat(plan.base()).isEqualTo(Sample.candidate().model());
    }

    @Test
    void a_run_ends_when_all_its_bases_are_published() {
        announce();
        publish("first");
        announce();
        publish("second");
        assertThat(consortium.betweenRounds(NOON).orElseThrow())
                .isEqualTo(new RunEnded(true, "2 bases were published", NOON));
        announce();
        assertThat(consortium.run()).isEmpty();
        assertThat(consortium.betweenRounds(NOON)).isEmpty();
    }

    @Test
    void a_run_that_is_stopped_takes_its_round_with_it_and_another_can_begin() {
        announce();
        RoundNumber first = consortium.round().orElseThrow().number();
        consortium = consortium.apply(new RunStopped("wrong plan", NOON));
        assertThat(consortium.run()).isEmpty();
        assertThat(consortium.ended().map(RunEnded::reason)).contains("it was stopped: wrong plan");
        assertThat(consortium.round().orElseThrow())
                .isInstanceOfSatisfying(
                        RoundState.Abandoned.class,
                        over -> assertThat(over.reason()).contains("wrong plan"));
        assertThat(consortium.betweenRounds(NOON)).isEmpty();
        consortium = consortium.apply(new RunStarted(Sample.run(1), NOON));
        announce();
        assertThat(consortium.round().orElseThrow().number()).isEqualTo(first.next());
    }

    @Test
    void three_fruitless_rounds_in_a_row_end_a_run() {
        for (int i = 0; i < Consortium.MAX_FRUITLESS_ROUNDS; i++) {
            announce();
            abandon();
        }
        assertThat(consortium.rounds()).isEqualTo(3);
        RunEnded ended = (RunEnded) consortium.betweenRounds(NOON).orElseThrow();
        assertThat(ended.complete()).isFalse();
        assertThat(ended.reason()).contains("3 rounds in a row");
    }

    @Test
    void a_published_base_forgives_the_fruitless_rounds_before_it() {
        announce();
        abandon();
        announce();
        abandon();
        announce();
        publish("at last");
        assertThat(consortium.run().orElseThrow().fruitless()).isZero();
        assertThat(consortium.run().orElseThrow().published()).isEqualTo(1);
    }

    @Test
    void an_adopted_base_has_no_momentum() {
        announce();
        publish("first");
        consortium = consortium.apply(new BaseAdopted(BASE, "another start", NOON));
        assertThat(consortium.base()).contains(BASE);
        assertThat(consortium.momentum()).isEmpty();
    }

    @Test
    void a_revocation_is_written_before_the_closing_it_causes_so_nothing_revoked_is_merged() {
        announce();
        contribute("first", LAB, BANK);
        consortium = consortium.applyAll(consortium.revocation(LAB, "its key leaked", NOON));
        contribute("first", CLINIC);
        Merging merging = (Merging) consortium.round().orElseThrow();
        assertThat(merging.admitted()).containsOnlyKeys(BANK, CLINIC);
        assertThat(merging.expected()).containsExactly(BANK, CLINIC);
    }

    @Test
    void revoking_the_last_one_awaited_gives_both_events_in_order() {
        announce();
        contribute("first", LAB, BANK);
        assertThat(consortium.revocation(CLINIC, "it left", NOON))
                .containsExactly(
                        new MemberRevoked(CLINIC, "it left", NOON),
                        new CollectionClosed(new RoundNumber(1), List.of(), NOON));
    }

    @Test
    void no_round_no_events() {
        assertThat(consortium.decide(new TimePassed(Instant.MAX))).isEmpty();
    }

    private static TokenIssued token(MemberId member, String secret) {
        return new TokenIssued(member, Sample.digest(secret), NOON.plusSeconds(60), NOON);
    }

    private void announce() {
        consortium = consortium.apply(consortium.betweenRounds(NOON).orElseThrow());
    }

    private void abandon() {
        Instant deadline = consortium.round().orElseThrow().deadline().orElseThrow();
        tell(new TimePassed(deadline));
    }

    private void publish(String name) {
        contribute(name, LAB, BANK, CLINIC);
        tell(new Merged(Sample.candidate(BANK, CLINIC, LAB), NOON));
        for (MemberId member : List.of(LAB, BANK, CLINIC)) {
            tell(new Scored(member, Sample.better(0.1), NOON));
        }
    }

    private void contribute(String name, MemberId... members) {
        for (MemberId member : members) {
            tell(new Contributed(Sample.contribution(member, name + " of " + member), NOON));
        }
    }

    private void tell(RoundInput input) {
        consortium = consortium.applyAll(consortium.decide(input));
    }
}
