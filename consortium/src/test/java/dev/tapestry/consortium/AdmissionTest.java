package dev.tapestry.consortium;

import static dev.tapestry.consortium.Sample.BANK;
import static dev.tapestry.consortium.Sample.BASE;
import static dev.tapestry.consortium.Sample.CHARTER;
import static dev.tapestry.consortium.Sample.CLINIC;
import static dev.tapestry.consortium.Sample.LAB;
import static dev.tapestry.consortium.Sample.NOON;
import static dev.tapestry.consortium.Sample.PLAN;
import static dev.tapestry.consortium.Sample.STRANGER;
import static dev.tapestry.consortium.Sample.digest;
import static dev.tapestry.consortium.Sample.training;
import static dev.tapestry.consortium.Sample.weights;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundInput.Scored;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which manifests are refused before their upload begins, and why. */
class AdmissionTest {

    private static final Digest WEIGHTS = digest("weights of lab");

    private Consortium consortium = started(CHARTER);

    @Test
    void a_manifest_by_the_plan_is_welcome() {
        assertThat(consortium.refusal(manifest(LAB), WEIGHTS, _ -> PLAN, NOON)).isEmpty();
    }

    @Test
    void who_never_enrolled_is_unknown() {
        assertThat(finding(manifest(STRANGER))).isEqualTo(Finding.UNKNOWN_MEMBER);
    }

    @Test
    void a_revoked_member_is_told_so() {
        consortium = consortium.applyAll(consortium.revocation(LAB, "it left", NOON));
        assertThat(finding(manifest(LAB))).isEqualTo(Finding.REVOKED);
    }

    @Test
    void a_member_that_was_revoked_and_enrolled_again_waits_for_the_next_round() {
        consortium = consortium.applyAll(consortium.revocation(LAB, "lost its key", NOON));
        consortium = consortium.applyAll(Sample.enrolment(LAB, NOON));
        assertThat(finding(manifest(LAB))).isEqualTo(Finding.REVOKED);
    }

    @Test
    void who_enrolled_after_the_announcement_is_not_invited() {
        consortium = consortium.applyAll(Sample.enrolment(STRANGER, NOON));
        assertThat(finding(manifest(STRANGER))).isEqualTo(Finding.NOT_INVITED);
    }

    @Test
    void before_the_first_round_every_contribution_is_stale() {
        consortium = Consortium.replay(Sample.history(CHARTER, Sample.run(1), LAB, BANK));
        assertThat(finding(manifest(LAB))).isEqualTo(Finding.STALE_ROUND);
    }

    @Test
    void a_contribution_to_another_round_is_stale() {
        assertThat(finding(manifest(2, BASE, PLAN, 10, 2560, 100, 2.5)))
                .isEqualTo(Finding.STALE_ROUND);
    }

    @Test
    void a_contribution_to_a_round_that_merges_is_stale() {
        for (MemberId member : List.of(LAB, BANK, CLINIC)) {
            tell(new Contributed(Sample.contribution(member, "round 1 " + member), NOON));
        }
        assertThat(finding(manifest(LAB))).isEqualTo(Finding.STALE_ROUND);
    }

    @Test
    void a_contribution_from_another_base_is_refused() {
        assertThat(finding(manifest(1, digest("old base"), PLAN, 10, 2560, 100, 2.5)))
                .isEqualTo(Finding.WRONG_BASE);
    }

    @Test
    void a_contribution_by_another_plan_is_refused() {
        assertThat(finding(manifest(1, BASE, digest("my own plan"), 10, 2560, 100, 2.5)))
                .isEqualTo(Finding.WRONG_PLAN);
    }

    /** One step for a round's work would weigh as many times more as the round has steps. */
    @Test
    void who_claims_few_steps_for_many_tokens_does_not_weigh_more() {
        long planned = training().tokensPerRound();
        ContributionManifest honest = manifest(1, BASE, PLAN, 5, planned / 2, 100, 2.5);
        ContributionManifest stretched = manifest(1, BASE, PLAN, 4, planned / 2, 100, 2.5);
        assertThat(consortium.refusal(stretched, WEIGHTS, _ -> PLAN, NOON)).isEmpty();
        consortium = started(Charters.weighing(Weighting.TOKENS_SQUARED_PER_STEP));
        assertThat(consortium.refusal(honest, WEIGHTS, _ -> PLAN, NOON)).isEmpty();
        assertThat(finding(stretched)).isEqualTo(Finding.WRONG_PLAN);
    }

    @Test
    void who_claims_more_tokens_or_steps_than_planned_did_not_follow_the_plan() {
        long planned = training().tokensPerRound();
        assertThat(finding(manifest(1, BASE, PLAN, 10, planned + 1, 100, 2.5)))
                .isEqualTo(Finding.WRONG_PLAN);
        assertThat(finding(manifest(1, BASE, PLAN, 11, planned, 100, 2.5)))
                .isEqualTo(Finding.WRONG_PLAN);
    }

    @Test
    void the_quota_itself_is_allowed_and_a_byte_more_is_not() {
        consortium = started(Charters.withQuota(1000));
        ContributionManifest most = manifest(1, BASE, PLAN, 10, 2560, 1000, 2.5);
        assertThat(consortium.refusal(most, WEIGHTS, _ -> PLAN, NOON)).isEmpty();
        assertThat(finding(manifest(1, BASE, PLAN, 10, 2560, 1001, 2.5)))
                .isEqualTo(Finding.TOO_LARGE);
    }

    @Test
    void the_quality_floor_itself_is_allowed_and_a_worse_loss_is_not() {
        consortium = started(Charters.withFloor(3));
        ContributionManifest worst = manifest(1, BASE, PLAN, 10, 2560, 100, 3);
        assertThat(consortium.refusal(worst, WEIGHTS, _ -> PLAN, NOON)).isEmpty();
        assertThat(finding(manifest(1, BASE, PLAN, 10, 2560, 100, 3.001)))
                .isEqualTo(Finding.BELOW_QUALITY_FLOOR);
    }

    @Test
    void asking_again_about_what_was_admitted_is_never_refused() {
        admit(LAB);
        assertThat(consortium.refusal(manifest(LAB), WEIGHTS, _ -> PLAN, NOON)).isEmpty();
        admit(BANK);
        admit(CLINIC);
        assertThat(consortium.round().orElseThrow().phase()).isEqualTo("Merging");
        assertThat(consortium.refusal(manifest(LAB), WEIGHTS, _ -> PLAN, NOON)).isEmpty();
    }

    @Test
    void other_weights_after_one_was_admitted_are_refused() {
        admit(LAB);
        assertThat(
                        consortium
                                .refusal(manifest(LAB), digest("second thoughts"), _ -> PLAN, NOON)
                                .map(Refusal::finding))
                .contains(Finding.ALREADY_ADMITTED);
    }

    @Test
    void weights_of_another_member_are_a_replay() {
        admit(LAB);
        assertThat(
                        consortium
                                .refusal(manifest(BANK), WEIGHTS, _ -> PLAN, NOON)
                                .map(Refusal::finding))
                .contains(Finding.REPLAY);
    }

    @Test
    void weights_that_went_into_a_base_are_a_replay_in_the_next_round() {
        publish();
        assertThat(consortium.contributedWeights()).contains(WEIGHTS);
        List<ConsortiumEvent> events =
                consortium.decide(new Contributed(Sample.contribution(LAB), NOON));
        assertThat(((ContributionRefused) events.getFirst()).finding()).isEqualTo(Finding.REPLAY);
        ContributionManifest next =
                manifest(2, consortium.base().orElseThrow(), PLAN, 10, 2560, 100, 2.5);
        assertThat(consortium.refusal(next, WEIGHTS, _ -> PLAN, NOON).map(Refusal::finding))
                .contains(Finding.REPLAY);
    }

    @Test
    void who_trains_again_from_the_same_base_may_come_to_the_same_weights() {
        admit(LAB);
        admit(BANK);
        admit(CLINIC);
        tell(new MergeFailed("the disk is full", NOON));
        announce();
        assertThat(
                        consortium.refusal(
                                manifest(2, BASE, PLAN, 10, 2560, 100, 2.5),
                                WEIGHTS,
                                _ -> PLAN,
                                NOON))
                .isEmpty();
        admit(LAB);
        assertThat(consortium.round().orElseThrow().admitted()).containsKey(LAB);
    }

    private void publish() {
        admit(LAB);
        admit(BANK);
        admit(CLINIC);
        tell(new Merged(Sample.candidate(BANK, CLINIC, LAB), NOON));
        for (MemberId member : List.of(LAB, BANK, CLINIC)) {
            tell(new Scored(member, Sample.better(0.1), NOON));
        }
        announce();
    }

    private void announce() {
        consortium = consortium.apply(consortium.betweenRounds(NOON).orElseThrow());
    }

    private void admit(MemberId member) {
        tell(new Contributed(Sample.contribution(member), NOON));
    }

    private void tell(RoundInput input) {
        consortium = consortium.applyAll(consortium.decide(input));
    }

    private Finding finding(ContributionManifest manifest) {
        Optional<Refusal> refusal =
                consortium.refusal(manifest, digest("new weights"), _ -> PLAN, NOON);
        assertThat(refusal).as("refusal of %s", manifest).isPresent();
        return refusal.orElseThrow().finding();
    }

    private static Consortium started(Charter charter) {
        Consortium idle =
                Consortium.replay(Sample.history(charter, Sample.run(2), LAB, BANK, CLINIC));
        return idle.apply(idle.betweenRounds(NOON).orElseThrow());
    }

    private static ContributionManifest manifest(MemberId member) {
        return Sample.manifest(member);
    }

    private static ContributionManifest manifest(
            int round, Digest base, Digest plan, int steps, long tokens, long bytes, double loss) {
        return new ContributionManifest(
                new RoundNumber(round), LAB, base, plan, weights("w", bytes), tokens, steps, loss);
    }
}
