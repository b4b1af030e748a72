package dev.tapestry.consortium;

import static dev.tapestry.consortium.Sample.BANK;
import static dev.tapestry.consortium.Sample.CLINIC;
import static dev.tapestry.consortium.Sample.LAB;
import static dev.tapestry.consortium.Sample.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.LeasesLapsed;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.Silent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Three members of whom two are a quorum; each event is held against the rules of the audit. */
class LeaseRulesTest {

    private static final Duration LEASE = Duration.ofHours(1);
    private static final Charter CHARTER =
            Sample.CHARTER.withStragglers(Optional.of(LEASE), Optional.empty());

    private final List<ConsortiumEvent> log = new ArrayList<>();
    private Consortium consortium;
    private Instant now = NOON;

    LeaseRulesTest() {
        log.addAll(Sample.history(CHARTER, Sample.run(3), LAB, BANK, CLINIC));
        consortium = Consortium.replay(log);
        write(consortium.betweenRounds(now).stream().toList());
    }

    @Test
    void a_member_that_has_left_costs_one_lease_and_not_one_in_each_wait() {
        contribute(LAB, BANK);
        assertThat(silent(CLINIC)).as("it may only be slow").isEmpty();
        now = now.plus(LEASE);
        assertThat(silent(CLINIC))
                .hasExactlyElementsOfTypes(LeasesLapsed.class, CollectionClosed.class);
        mergeAndScore(LAB, BANK);
        assertThat(silent(CLINIC))
                .hasExactlyElementsOfTypes(LeasesLapsed.class, BasePublished.class);

        nextRound();
        assertThat(consortium.away()).containsExactly(CLINIC);
        assertThat(consortium.round().orElseThrow().awaited())
                .as("it may come back at any moment")
                .contains(CLINIC);
        contribute(LAB);
        assertThat(silent(CLINIC, BANK)).as("no quorum is in").isEmpty();
        contribute(BANK);
        assertThat(silent(CLINIC))
                .hasExactlyElementsOfTypes(LeasesLapsed.class, CollectionClosed.class);
    }

    @Test
    void who_comes_back_is_waited_for_again() {
        contribute(LAB, BANK);
        now = now.plus(LEASE);
        silent(CLINIC);
        mergeAndScore(LAB, CLINIC);
        assertThat(consortium.away()).as("its score is in the log").isEmpty();
        write(consortium.decide(new Scored(BANK, Sample.better(0.1), now)));

        nextRound();
        contribute(LAB, BANK);
        assertThat(silent(CLINIC)).isEmpty();
        contribute(CLINIC);
        assertThat(consortium.round()).get().isInstanceOf(RoundState.Merging.class);
    }

    @Test
    void one_that_is_there_is_waited_for_although_another_has_left() {
        contribute(LAB, BANK);
        now = now.plus(LEASE);
        silent(CLINIC);
        mergeAndScore(LAB, BANK);
        silent(CLINIC);
        nextRound();
        write(consortium.revocation(CLINIC, "it left", now));
        write(Sample.enrolment(CLINIC, now));
        assertThat(consortium.away()).as("it joined again").isEmpty();
    }

    @Test
    void the_audit_names_a_round_that_did_not_wait_for_a_member_that_was_never_away() {
        contribute(LAB, BANK);
        LeasesLapsed early = new LeasesLapsed(new RoundNumber(1), List.of(CLINIC), now);
        assertThat(AuditRules.breach(consortium, early))
                .hasValueSatisfying(what ->
                        assertThat(what).contains("without [clinic]", "cannot have lapsed"));
    }

    private List<ConsortiumEvent> silent(MemberId... members) {
        return write(consortium.decide(new Silent(Set.of(members), now)));
    }

    private void contribute(MemberId... members) {
        for (MemberId member : members) {
            String weights = "weights of %s in round %d".formatted(member, consortium.rounds());
            write(consortium.decide(new Contributed(Sample.contribution(member, weights), now)));
            assertThat(consortium.round().orElseThrow().admitted()).containsKey(member);
        }
    }

    private void mergeAndScore(MemberId... scorers) {
        write(consortium.decide(new Merged(Sample.candidate(BANK, LAB), now)));
        for (MemberId scorer : scorers) {
            write(consortium.decide(new Scored(scorer, Sample.better(0.1), now)));
        }
    }

    private void nextRound() {
        write(consortium.betweenRounds(now).stream().toList());
        assertThat(consortium.round()).get().isInstanceOf(RoundState.Collecting.class);
    }

    private List<ConsortiumEvent> write(List<ConsortiumEvent> events) {
        for (ConsortiumEvent event : events) {
            assertThat(AuditRules.breach(consortium, event)).isEmpty();
            consortium = consortium.apply(event);
        }
        return events;
    }
}
