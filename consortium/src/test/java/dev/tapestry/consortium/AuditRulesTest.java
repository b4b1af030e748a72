package dev.tapestry.consortium;

import static dev.tapestry.consortium.Sample.BANK;
import static dev.tapestry.consortium.Sample.BASE;
import static dev.tapestry.consortium.Sample.CHARTER;
import static dev.tapestry.consortium.Sample.CLINIC;
import static dev.tapestry.consortium.Sample.LAB;
import static dev.tapestry.consortium.Sample.NOON;
import static dev.tapestry.consortium.Sample.STRANGER;
import static dev.tapestry.consortium.Sample.digest;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Candidate.Weight;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CandidateScored;
import dev.tapestry.consortium.ConsortiumEvent.CertificateRenewed;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
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
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.TimePassed;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Forged stories: each goes on from an honest log with one event that the rules never write. */
class AuditRulesTest {

    private static final RoundNumber ONE = new RoundNumber(1);
    private static final Instant DEADLINE = NOON.plus(CHARTER.roundDeadline());
    private static final Instant SCORED_BY = NOON.plus(CHARTER.scoringDeadline());
    private static final Optional<Digest> MOMENTUM = Optional.of(digest("momentum"));

    private final List<ConsortiumEvent> log = new ArrayList<>();
    private Consortium consortium = start(CHARTER);

    @Test
    void an_honest_story_breaks_no_rule() {
        announce();
        publish("first");
        announce();
        tell(new TimePassed(DEADLINE));
        announce();
        contribute("second", LAB, BANK, CLINIC);
        tell(new MergeFailed("the disk is full", NOON));
        announce();
        contribute("third", LAB);
        write(consortium.revocation(BANK, "it left", NOON));
        write(List.of(token(BANK)));
        write(consortium.revocation(BANK, "the token leaked", NOON));
        write(Sample.enrolment(BANK, NOON));
        contribute("third", CLINIC);
        tell(new Merged(Sample.candidate(CLINIC, LAB), NOON));
        tell(new TimePassed(SCORED_BY));
        announce();
        write(List.of(new BaseAdopted(digest("another model"), "elsewhere", NOON)));
        write(List.of(new RunStarted(Sample.run(1), NOON)));
        announce();

        assertThat(log)
                .hasAtLeastOneElementOfType(BasePublished.class)
                .hasAtLeastOneElementOfType(RoundRolledBack.class)
                .hasAtLeastOneElementOfType(RoundAbandoned.class)
                .hasAtLeastOneElementOfType(RunEnded.class);
        Consortium state = Consortium.replay(log.subList(0, 1));
        for (ConsortiumEvent event : log.subList(1, log.size())) {
            assertThat(AuditRules.breach(state, event)).as("%s", event).isEmpty();
            state = state.apply(event);
        }
    }

    @Test
    void a_second_founding() {
        forged(new Founded(CHARTER, "another key", NOON), "founded twice");
    }

    @Test
    void a_token_that_was_never_valid() {
        forged(new TokenIssued(STRANGER, digest("secret"), NOON, NOON), "expires before");
    }

    @Test
    void an_enrolment_without_a_token() {
        forged(enrolled(STRANGER, NOON), "stranger enrols without an unused token of its own");
    }

    @Test
    void an_enrolment_with_the_token_of_another() {
        write(List.of(token(LAB)));
        forged(enrolled(STRANGER, NOON), "stranger enrols without");
    }

    @Test
    void a_second_enrolment_with_one_token() {
        write(List.of(token(STRANGER), enrolled(STRANGER, NOON)));
        forged(enrolled(STRANGER, NOON), "stranger enrols without");
    }

    @Test
    void an_enrolment_with_a_token_from_before_the_revocation() {
        write(List.of(token(LAB)));
        write(consortium.revocation(LAB, "its key leaked", NOON));
        forged(enrolled(LAB, NOON), "lab enrols without");
    }

    @Test
    void an_enrolment_with_a_token_that_expired() {
        write(List.of(token(STRANGER)));
        forged(enrolled(STRANGER, NOON.plusSeconds(60)), "expired at");
    }

    @Test
    void a_revocation_of_nobody() {
        forged(new MemberRevoked(STRANGER, "?", NOON), "stranger is revoked");
    }

    @Test
    void a_key_of_who_is_no_member_or_no_more_or_that_another_has() {
        SigningKeyReplaced sound = new SigningKeyReplaced(LAB, "ed25519:next", "{}", NOON);
        assertThat(AuditRules.breach(consortium, sound)).isEmpty();
        assertThat(consortium.apply(sound).activeKeys()).containsEntry(LAB, "ed25519:next");
        forged(
                new SigningKeyReplaced(STRANGER, "ed25519:next", "{}", NOON),
                "stranger replaces its key, but is no active member");
        write(List.of(sound));
        forged(
                new SigningKeyReplaced(BANK, "ed25519:next", "{}", NOON),
                "which is a member's already");
        assertThat(consortium.keyReplacement(LAB, "ed25519:next", "{}", NOON)).isEmpty();
        write(consortium.revocation(LAB, "its key leaked", NOON));
        forged(new SigningKeyReplaced(LAB, "ed25519:again", "{}", NOON), "but is no active member");
        assertThat(consortium.keyReplacement(LAB, "ed25519:again", "{}", NOON)).isEmpty();
    }

    @Test
    void a_renewal_by_who_is_no_member_or_no_more_or_by_a_certificate_of_another() {
        CertificateRenewed sound = new CertificateRenewed(LAB, digest("renewed"), NOON);
        assertThat(AuditRules.breach(consortium, sound)).isEmpty();
        assertThat(consortium.apply(sound).members().get(LAB))
                .satisfies(lab -> assertThat(lab.certificate()).isEqualTo(digest("renewed")));
        forged(
                new CertificateRenewed(STRANGER, digest("renewed"), NOON),
                "stranger renews its certificate, but is no active member");
        write(List.of(sound));
        forged(
                new CertificateRenewed(BANK, digest("renewed"), NOON),
                "which is a member's already");
        write(consortium.revocation(LAB, "its key leaked", NOON));
        forged(new CertificateRenewed(LAB, digest("again"), NOON), "but is no active member");
        assertThat(consortium.renewal(LAB, digest("renewed"), digest("again"), NOON)).isEmpty();
        assertThat(consortium.renewal(BANK, digest("older"), digest("again"), NOON))
                .as("what it would replace is not its certificate")
                .isEmpty();
    }

    @Test
    void an_enrolment_with_a_token_that_was_withdrawn() {
        write(List.of(token(STRANGER)));
        write(consortium.revocation(STRANGER, "the token leaked", NOON));
        forged(enrolled(STRANGER, NOON), "stranger enrols without");
    }

    @Test
    void another_base_in_the_middle_of_a_run() {
        forged(new BaseAdopted(digest("mine"), "?", NOON), "in the middle of a run");
    }

    @Test
    void a_run_in_the_middle_of_another_or_without_a_base() {
        forged(new RunStarted(Sample.run(1), NOON), "in the middle of another");
        consortium = Consortium.found(new Founded(CHARTER, "key", NOON));
        forged(new RunStarted(Sample.run(1), NOON), "no base");
    }

    @Test
    void a_run_that_ends_early() {
        forged(new RunEnded(true, "enough", NOON), "ends complete, which it is not");
        announce();
        forged(new RunEnded(false, "enough", NOON), "ends fruitless, which it is not");
    }

    @Test
    void a_stop_where_nothing_runs() {
        write(List.of(new RunStopped("enough", NOON)));
        forged(new RunStopped("enough", NOON), "stopped where none is");
    }

    @Test
    void a_round_while_another_is_under_way() {
        announce();
        forged(new RoundAnnounced(plan(2, BASE, DEADLINE, LAB, BANK), NOON), "no round is due");
    }

    @Test
    void a_round_from_an_invented_base() {
        forged(
                new RoundAnnounced(plan(1, digest("mine"), DEADLINE, BANK, CLINIC, LAB), NOON),
                "round 1 begins from");
    }

    @Test
    void a_round_that_invites_a_stranger_or_leaves_out_a_member() {
        forged(
                new RoundAnnounced(plan(1, BASE, DEADLINE, BANK, CLINIC, LAB, STRANGER), NOON),
                "round 1 invites");
        forged(new RoundAnnounced(plan(1, BASE, DEADLINE, BANK, LAB), NOON), "round 1 invites");
    }

    @Test
    void a_round_with_a_number_or_a_deadline_of_its_own() {
        forged(
                new RoundAnnounced(plan(7, BASE, DEADLINE, BANK, CLINIC, LAB), NOON),
                "the plan of round 7");
        forged(
                new RoundAnnounced(plan(1, BASE, DEADLINE.plusSeconds(1), BANK, CLINIC, LAB), NOON),
                "the plan of round 1");
    }

    @Test
    void an_admission_before_any_round_or_to_another_round() {
        forged(admitted(1, Sample.contribution(LAB), NOON), "before any round");
        announce();
        forged(admitted(2, Sample.contribution(LAB), NOON), "round 1 is Collecting");
        publish("first");
        forged(admitted(1, Sample.contribution(LAB, "late"), NOON), "round 1 is Published");
    }

    @Test
    void an_admission_of_a_stranger() {
        announce();
        forged(admitted(1, Sample.contribution(STRANGER), NOON), "admits stranger");
        write(Sample.enrolment(STRANGER, NOON));
        forged(admitted(1, Sample.contribution(STRANGER), NOON), "admits stranger");
    }

    @Test
    void an_admission_of_a_revoked_member() {
        announce();
        write(consortium.revocation(LAB, "its key leaked", NOON));
        forged(admitted(1, Sample.contribution(LAB), NOON), "no active and invited member");
    }

    @Test
    void an_admission_after_the_deadline() {
        announce();
        forged(admitted(1, Sample.contribution(LAB), DEADLINE), "after its deadline");
    }

    @Test
    void a_second_admission_of_one_member() {
        announce();
        contribute("first", LAB);
        forged(admitted(1, Sample.contribution(LAB, "more"), NOON), "admits lab twice");
    }

    @Test
    void an_admission_of_weights_that_were_contributed_before() {
        announce();
        publish("first");
        announce();
        forged(
                admitted(2, Sample.contribution(LAB, "first of bank"), NOON),
                "which were contributed before");
    }

    @Test
    void an_admission_with_more_tokens_than_the_plan_has_or_a_loss_above_the_floor() {
        announce();
        forged(admitted(1, trained(2561, 2.5), NOON), "with 2561 tokens; the plan is 2560");
        forged(admitted(1, trained(2560, 16.1), NOON), "the charter allows 16");
    }

    @Test
    void an_admission_with_steps_that_the_plan_does_not_have_or_that_weigh_and_are_not_there() {
        announce();
        forged(admitted(1, trained(2560, Optional.of(11)), NOON), "in 11 steps; the plan is 10");
        forged(admitted(1, trained(2560, Optional.of(0)), NOON), "in 0 steps");
        write(List.of(admitted(1, trained(2560, Optional.of(9)), NOON)));

        log.clear();
        consortium = start(Charters.weighing(Weighting.TOKENS_SQUARED_PER_STEP));
        announce();
        forged(admitted(1, trained(2560, Optional.empty()), NOON), "in unknown steps");
        forged(admitted(1, trained(2560, Optional.of(9)), NOON), "in 9 steps");
        write(List.of(admitted(1, trained(2560, Optional.of(10)), NOON)));
    }

    @Test
    void a_refusal_in_a_round_that_is_not_the_current_one() {
        announce();
        forged(
                new ContributionRefused(new RoundNumber(3), LAB, Finding.NON_FINITE, "NaN", NOON),
                "round 1 is Collecting");
    }

    @Test
    void a_loss_of_what_was_never_admitted() {
        announce();
        contribute("first", LAB);
        forged(new ContributionLost(ONE, BANK, "the disk", NOON), "a contribution of bank");
        write(List.of(new ContributionLost(ONE, LAB, "the disk", NOON)));
        contribute("first", LAB);
    }

    @Test
    void an_unquorate_close() {
        announce();
        contribute("first", LAB);
        forged(
                new CollectionClosed(ONE, List.of(BANK, CLINIC), DEADLINE),
                "closes with 1 contributions; the quorum is 2");
    }

    @Test
    void a_close_that_does_not_wait() {
        announce();
        contribute("first", LAB, BANK);
        forged(new CollectionClosed(ONE, List.of(CLINIC), NOON), "before its deadline");
    }

    @Test
    void a_close_that_does_not_say_who_is_missing() {
        announce();
        contribute("first", LAB, BANK);
        forged(new CollectionClosed(ONE, List.of(), DEADLINE), "missing are [clinic]");
    }

    @Test
    void a_merge_before_the_close() {
        announce();
        contribute("first", LAB, BANK);
        forged(merged(0.5, BANK, LAB), "round 1 is Collecting");
    }

    @Test
    void a_merge_with_weights_above_the_influence_cap() {
        close();
        forged(
                merged(
                        new Weight(BANK, 0.1),
                        new Weight(CLINIC, 0.3),
                        new Weight(LAB, Math.nextUp(0.5))),
                "above the influence cap of 0.5");
    }

    @Test
    void a_merge_with_weights_that_do_not_sum_to_one() {
        close();
        forged(merged(0.3, BANK, CLINIC, LAB), "sum to 0.89");
    }

    @Test
    void a_merge_that_leaves_out_a_member_or_takes_in_a_stranger() {
        close();
        forged(merged(0.5, BANK, LAB), "merges contributions of [bank, lab]");
        forged(merged(0.25, BANK, CLINIC, LAB, STRANGER), "admitted are those of");
    }

    @Test
    void figures_that_do_not_follow_from_the_contributions_norms() {
        close();
        Weight[] fair =
                Stream.of(BANK, CLINIC, LAB)
                        .map(id -> new Weight(id, 1.0 / 3))
                        .toArray(Weight[]::new);
        assertThat(AuditRules.breach(consortium, merged(Sample.figures(0.25, 0.05), fair)))
                .isEmpty();
        forged(merged(Sample.figures(0.9, 0.05), fair), "with a norm ratio of 0.9");
        forged(merged(Sample.figures(0.25, 0.06), fair), "to an update of norm 0.06");
    }

    @Test
    void a_merge_that_is_scored_for_less_than_the_charter_gives() {
        close();
        forged(
                new CandidateMerged(ONE, Sample.candidate(BANK, CLINIC, LAB), NOON, NOON),
                "the charter gives it PT6H");
    }

    @Test
    void a_score_of_a_stranger_a_second_one_or_a_late_one() {
        merge();
        tell(new Scored(LAB, Sample.better(0), NOON));
        forged(scored(STRANGER, NOON), "takes a score of stranger");
        forged(scored(LAB, NOON), "takes a score of lab");
        forged(scored(BANK, SCORED_BY), "after its deadline");
    }

    @Test
    void a_publication_without_scores() {
        merge();
        forged(published("candidate", SCORED_BY), "against the release gate: 0 of 2 scores");
    }

    @Test
    void a_publication_that_does_not_wait_for_scores() {
        merge();
        tell(new Scored(LAB, Sample.better(0), NOON));
        tell(new Scored(BANK, Sample.better(0), NOON));
        forged(published("candidate", NOON), "while scores of [clinic] are awaited");
    }

    @Test
    void a_publication_against_the_release_gate() {
        merge();
        tell(new Scored(LAB, Sample.better(-1), NOON));
        tell(new Scored(BANK, Sample.better(-1), NOON));
        forged(published("candidate", SCORED_BY), "against the release gate: on average worse");
    }

    @Test
    void a_publication_of_a_base_that_is_no_merged_candidate() {
        forged(published("candidate", NOON), "before any round");
        announce();
        forged(published("candidate", NOON), "round 1 is Collecting");
        contribute("first", LAB, BANK, CLINIC);
        forged(published("candidate", NOON), "round 1 is Merging");
        tell(new Merged(Sample.candidate(BANK, CLINIC, LAB), NOON));
        tell(new Scored(LAB, Sample.better(0), NOON));
        tell(new Scored(BANK, Sample.better(0), NOON));
        forged(published("mine", SCORED_BY), "its merged candidate is");
        forged(
                new BasePublished(ONE, digest("candidate"), Optional.empty(), SCORED_BY),
                "publishes momentum none");
    }

    @Test
    void a_good_candidate_that_is_held_back() {
        merge();
        tell(new Scored(LAB, Sample.better(0), NOON));
        tell(new Scored(BANK, Sample.better(0), NOON));
        forged(new RoundRolledBack(ONE, "?", NOON), "while scores of [clinic] are awaited");
        forged(new RoundRolledBack(ONE, "?", SCORED_BY), "lets its candidate through");
        forged(new RoundAbandoned(ONE, "?", SCORED_BY), "round 1 is Scoring");
    }

    @Test
    void a_round_that_is_abandoned_with_a_quorum_or_before_its_deadline() {
        announce();
        forged(new RoundAbandoned(ONE, "?", NOON), "round 1 is abandoned");
        contribute("first", LAB, BANK);
        forged(new RoundAbandoned(ONE, "?", DEADLINE), "has 2 contributions, a quorum of 2");
    }

    private void forged(ConsortiumEvent event, String breach) {
        assertThat(AuditRules.breach(consortium, event)).get().asString().contains(breach);
    }

    private Consortium start(Charter charter) {
        log.addAll(Sample.history(charter, Sample.run(2), LAB, BANK, CLINIC));
        return Consortium.replay(log);
    }

    private void announce() {
        write(consortium.betweenRounds(NOON).stream().toList());
    }

    private void close() {
        announce();
        contribute("first", LAB, BANK, CLINIC);
    }

    private void merge() {
        close();
        tell(new Merged(Sample.candidate(BANK, CLINIC, LAB), NOON));
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
        write(consortium.decide(input));
    }

    private void write(List<ConsortiumEvent> events) {
        log.addAll(events);
        consortium = consortium.applyAll(events);
    }

    private static TokenIssued token(MemberId member) {
        return new TokenIssued(member, digest("secret"), NOON.plus(Duration.ofMinutes(1)), NOON);
    }

    private static MemberEnrolled enrolled(MemberId member, Instant at) {
        return new MemberEnrolled(member, digest("certificate"), "key", digest("secret"), at);
    }

    private static RoundPlan plan(int round, Digest base, Instant closesAt, MemberId... invited) {
        RunPlan run = Sample.run(2);
        return new RoundPlan(
                new RoundNumber(round),
                base,
                run.training(),
                run.merge(),
                run.scoringTokens(),
                List.of(invited),
                closesAt);
    }

    private static ContributionAdmitted admitted(int round, Contribution contribution, Instant at) {
        return new ContributionAdmitted(new RoundNumber(round), contribution, at);
    }

    private static Contribution trained(long tokens, Optional<Integer> steps) {
        return new Contribution(LAB, digest("envelope"), digest("weights"), tokens, steps, 2.5, 1);
    }

    private static Contribution trained(long tokens, double loss) {
        return new Contribution(LAB, digest("envelope"), digest("weights"), tokens, loss, 0.1);
    }

    private static CandidateMerged merged(double weight, MemberId... members) {
        return merged(Stream.of(members).map(id -> new Weight(id, weight)).toArray(Weight[]::new));
    }

    private static CandidateMerged merged(Weight... weights) {
        return merged(Sample.figures(0.25, 0.05), weights);
    }

    private static CandidateMerged merged(MergeFigures figures, Weight... weights) {
        Candidate candidate =
                new Candidate(digest("candidate"), MOMENTUM, List.of(weights), figures);
        return new CandidateMerged(ONE, candidate, SCORED_BY, NOON);
    }

    private static CandidateScored scored(MemberId member, Instant at) {
        return new CandidateScored(ONE, member, Sample.better(0), at);
    }

    private static BasePublished published(String base, Instant at) {
        return new BasePublished(ONE, digest(base), MOMENTUM, at);
    }
}
