package dev.tapestry.consortium;

import static dev.tapestry.consortium.Sample.BANK;
import static dev.tapestry.consortium.Sample.BASE;
import static dev.tapestry.consortium.Sample.CLINIC;
import static dev.tapestry.consortium.Sample.LAB;
import static dev.tapestry.consortium.Sample.NOON;
import static dev.tapestry.consortium.Sample.PLAN;
import static dev.tapestry.consortium.Sample.digest;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundInput.Scored;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Rounds in which updates travel coded. */
final class CodedRoundTest {

    private static final CodecName TOP = new CodecName("topk32/1");
    private static final CodecName INT4 = new CodecName("int4/1");
    private static final Wire WIRE = new Wire(Optional.of(TOP), Optional.of(INT4));

    private Consortium consortium = started(Charter.standard("alliance"), Sample.run(3).over(WIRE));

    @Test
    void a_contribution_is_coded_as_the_plan_asks_and_the_quota_counts_what_is_sent() {
        consortium = started(Charters.withQuota(1000), Sample.run(3).over(WIRE));
        assertThat(finding(coded(TOP, 1000, 50_000))).isEmpty();
        assertThat(finding(coded(TOP, 1001, 500))).contains(Finding.TOO_LARGE);
        assertThat(finding(coded(INT4, 100, 500))).contains(Finding.WRONG_CODEC);
        assertThat(finding(Sample.manifest(LAB))).contains(Finding.WRONG_CODEC);
        consortium = started(Charters.withQuota(1000), Sample.run(3));
        assertThat(finding(coded(TOP, 100, 500))).contains(Finding.WRONG_CODEC);
        assertThat(finding(Sample.manifest(LAB))).isEmpty();
    }

    @Test
    void what_a_step_lost_goes_with_its_candidate_and_not_with_one_that_is_rolled_back() {
        merge(step(INT4, Optional.empty(), "first"));
        assertThat(consortium.residual()).isEmpty();
        score(0.1);
        assertThat(consortium.residual()).contains(digest("first"));
        announce();
        merge(step(INT4, Optional.of(digest("first")), "second"));
        score(-1);
        assertThat(consortium.residual()).contains(digest("first"));
        assertThat(consortium.apply(new BaseAdopted(BASE, "anew", NOON)).residual()).isEmpty();
    }

    @Test
    void a_candidate_is_coded_as_the_plan_asks_with_the_residual_of_its_base() {
        contribute();
        breaks(Optional.empty(), "codes its candidate by none; the plan asks for int4/1");
        breaks(step(TOP, Optional.empty(), "r"), "by topk32/1");
        breaks(step(INT4, Optional.of(digest("made up")), "r"), "the base's is none");
        assertThat(AuditRules.breach(consortium, merged(step(INT4, Optional.empty(), "r"))))
                .isEmpty();
    }

    private void breaks(Optional<CodedStep> step, String breach) {
        assertThat(AuditRules.breach(consortium, merged(step))).get().asString().contains(breach);
    }

    private static Optional<CodedStep> step(
            CodecName codec, Optional<Digest> before, String after) {
        return Optional.of(new CodedStep(codec, before, digest(after)));
    }

    private static CandidateMerged merged(Optional<CodedStep> step) {
        return new CandidateMerged(
                new RoundNumber(1),
                candidate(step),
                NOON.plus(Sample.CHARTER.scoringDeadline()),
                NOON);
    }

    private static Candidate candidate(Optional<CodedStep> step) {
        Candidate fair = Sample.candidate(BANK, CLINIC, LAB);
        return new Candidate(
                fair.model(),
                fair.momentum(),
                step,
                Optional.empty(),
                fair.weights(),
                fair.figures());
    }

    private void contribute() {
        for (MemberId member : List.of(LAB, BANK, CLINIC)) {
            String name = consortium.rounds() + " of " + member;
            tell(new Contributed(Sample.contribution(member, name), NOON));
        }
    }

    private void merge(Optional<CodedStep> step) {
        contribute();
        tell(new Merged(candidate(step), NOON));
    }

    private void score(double better) {
        for (MemberId member : List.of(LAB, BANK, CLINIC)) {
            tell(new Scored(member, Sample.better(better), NOON));
        }
    }

    private void announce() {
        consortium = consortium.apply(consortium.betweenRounds(NOON).orElseThrow());
    }

    private void tell(RoundInput input) {
        consortium = consortium.applyAll(consortium.decide(input));
    }

    private Optional<Finding> finding(ContributionManifest manifest) {
        return consortium
                .refusal(manifest, digest("weights"), _ -> PLAN, NOON)
                .map(Refusal::finding);
    }

    private static Consortium started(Charter charter, RunPlan run) {
        Consortium idle = Consortium.replay(Sample.history(charter, run, LAB, BANK, CLINIC));
        return idle.apply(idle.betweenRounds(NOON).orElseThrow());
    }

    private static ContributionManifest coded(CodecName codec, long sent, long weights) {
        ContributionManifest whole = Sample.manifest(LAB);
        return new ContributionManifest(
                whole.round(),
                LAB,
                BASE,
                PLAN,
                Sample.weights("decoded", weights),
                Optional.of(new CodedFile(codec, Sample.weights("u", sent).files().getFirst())),
                Optional.empty(),
                whole.tokens(),
                whole.steps(),
                whole.trainingBitsPerByte());
    }
}
