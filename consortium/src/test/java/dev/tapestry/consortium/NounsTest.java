package dev.tapestry.consortium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.consortium.LocalTraining.Optimizer;
import dev.tapestry.consortium.LocalTraining.Schedule;
import dev.tapestry.consortium.ModelManifest.File;
import dev.tapestry.consortium.ModelManifest.Part;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Records that cannot be made wrong. */
class NounsTest {

    private static final Digest DIGEST = Sample.digest("part");

    @Test
    void a_charter_needs_a_name_time_and_finite_limits() {
        refused(() -> Charter.standard(" "), "name");
        refused(() -> Charter.standard("x".repeat(101)), "name");
        refused(() -> Charters.withQuorum(0, 1), "quorum");
        refused(() -> Charters.withDeadline(Duration.ZERO), "roundDeadline");
        refused(() -> Charters.withQuota(0), "contributionQuotaBytes");
        for (double wrong : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
            refused(() -> Charters.withFloor(wrong), "qualityFloorBitsPerByte");
            refused(() -> Charters.withTolerance(wrong), "releaseToleranceBitsPerByte");
        }
        for (double wrong : new double[] {0, 1.01, Double.NaN}) {
            refused(() -> Charters.withQuorum(2, wrong), "influenceCap");
        }
    }

    @Test
    void a_cap_under_which_a_quorum_cannot_stay_is_refused_and_the_advice_helps() {
        refused(() -> Charters.withQuorum(3, 0.33), "raise the quorum");
        for (int quorum = 1; quorum <= 1000; quorum++) {
            int members = quorum;
            assertThatCode(() -> Charters.withQuorum(members, 1.0 / members))
                    .as("quorum %s", members)
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void what_a_refusal_quotes_is_cut_and_can_stand_in_a_document() {
        assertThat(new RoundInput.Refusal(Finding.MALFORMED, "short").detail()).isEqualTo("short");
        assertThat(new RoundInput.Refusal(Finding.MALFORMED, "x".repeat(1_000)).detail())
                .isEqualTo("x".repeat(1_000));
        assertThat(new RoundInput.Refusal(Finding.MALFORMED, "x".repeat(1 << 20)).detail())
                .isEqualTo("x".repeat(999) + "…");
        assertThat(new RoundInput.Refusal(Finding.MALFORMED, "🧵".repeat(501)).detail())
                .isEqualTo("🧵".repeat(499) + "?…");
    }

    @Test
    void local_training_has_a_length_a_rate_and_a_schedule_that_fits() {
        assertThat(training(10, 0.02, 0.1, 100, 1000, 0).tokensPerRound()).isEqualTo(10L * 4 * 64);
        refused(() -> training(0, 0.02, 0.1, 100, 1000, 0), "steps");
        refused(() -> training(10, Double.NaN, 0.1, 100, 1000, 0), "learningRate");
        refused(() -> training(10, 0.02, 1.1, 100, 1000, 0), "finalLearningRateRatio");
        refused(() -> training(10, 0.02, 0.1, 1001, 1000, 0), "warmupTokens");
        refused(() -> training(10, 0.02, 0.1, 0, 0, 0), "totalTokens");
        refused(() -> training(10, 0.02, 0.1, 0, 1, Double.POSITIVE_INFINITY), "weightDecay");
    }

    /** The settings that arXiv 2512.17131 was published with. */
    @Test
    void primal_averaging_goes_as_far_as_an_outer_optimiser_after_so_many_steps() {
        assertThat(PrimalAveraging.over(16).memory()).isCloseTo(0.9934, within(5e-5));
        assertThat(PrimalAveraging.over(32).memory()).isCloseTo(0.9967, within(5e-5));
        assertThat(PrimalAveraging.over(64).memory()).isCloseTo(0.9984, within(5e-5));
        assertThat(PrimalAveraging.over(64).gradientPoint()).isEqualTo(0.7);
        refused(() -> PrimalAveraging.over(0), "steps is at least 1");
        refused(() -> new PrimalAveraging(1.1, 0.9), "gradientPoint");
        refused(() -> new PrimalAveraging(Double.NaN, 0.9), "gradientPoint");
        refused(() -> new PrimalAveraging(0.7, 1), "memory");
    }

    @Test
    void the_tokens_of_a_long_round_do_not_overflow() {
        LocalTraining large =
                new LocalTraining(
                        1_000_000, Optimizer.ADAMW, 1, 1, Schedule.WSD, 0, 1, 4096, 8192, 0, 1, 0);
        assertThat(large.tokensPerRound()).isEqualTo(1_000_000L * 4096 * 8192);
    }

    @Test
    void a_model_lists_plain_files_by_name() {
        File a = new File("a.json", 1, List.of(new Part(DIGEST, 1)));
        File b = new File("b.safetensors", 2, List.of(new Part(DIGEST, 2)));
        ModelManifest model = new ModelManifest(List.of(b, a));
        assertThat(model.files()).containsExactly(a, b);
        assertThat(model.bytes()).isEqualTo(3);
        assertThat(model.parts()).hasSize(2);
        refused(() -> new ModelManifest(List.of(a, a)), "listed twice");
    }

    @Test
    void a_file_that_could_leave_its_folder_is_refused() {
        for (String path :
                List.of(
                        "", ".", "..", "../x", "a/b", "a\\b", "/etc", ".hidden", "a\0", "ä",
                        "C:")) {
            refused(() -> new File(path, 0, List.of()), "plain name");
        }
        refused(() -> new File("x".repeat(129), 0, List.of()), "plain name");
    }

    @Test
    void the_parts_of_a_file_have_one_length_but_the_last_and_add_up() {
        Part full = new Part(DIGEST, ModelManifest.PART_BYTES);
        Part rest = new Part(DIGEST, 5);
        assertThat(new File("f", full.bytes() + 5, List.of(full, rest)).parts()).hasSize(2);
        assertThat(new File("empty", 0, List.of()).parts()).isEmpty();
        refused(() -> new File("f", full.bytes() + 5, List.of(rest, full)), "part 0");
        refused(() -> new File("f", 6, List.of(rest)), "add up");
        refused(() -> new File("f", -1, List.of()), "add up");
        refused(() -> new Part(DIGEST, 0), "1 to");
        refused(() -> new Part(DIGEST, ModelManifest.PART_BYTES + 1), "1 to");
    }

    @Test
    void names_digests_and_numbers_have_one_form() {
        for (String name : List.of("", "Lab", "-lab", "lab_1", "x".repeat(64), "a b", "lab\n")) {
            refused(() -> new MemberId(name), "member id");
        }
        refused(() -> new Digest("A".repeat(64)), "lower-case");
        refused(() -> new Digest("a".repeat(63)), "64");
        refused(() -> new RoundNumber(0), "numbered from 1");
        assertThat(new RoundNumber(1).next()).isEqualTo(new RoundNumber(2));
        assertThat(Digest.ofHash(DIGEST.bytes())).isEqualTo(DIGEST);
        assertThat(DIGEST.hex()).startsWith(DIGEST.abbreviated());
    }

    @Test
    void plans_invite_somebody_once_each_in_order() {
        assertThat(Sample.plan(Sample.LAB, Sample.BANK, Sample.LAB).invited())
                .containsExactly(Sample.BANK, Sample.LAB);
        refused(() -> Sample.plan(), "invites nobody");
        refused(() -> Sample.run(0), "at least 1 round");
        refused(() -> new RunPlan(1, Sample.training(), MergeRule.fedAvg(), 0), "scoringTokens");
    }

    @Test
    void a_codec_has_a_name_and_a_version_and_a_wire_has_a_codec() {
        for (String odd : List.of("int4", "int4/0", "INT4/1", "int4/1 ", "/1", "4/1")) {
            refused(() -> new CodecName(odd), "a name and a version");
        }
        refused(() -> new Wire(Optional.empty(), Optional.empty()), "for 'up', for 'down'");
    }

    @Test
    void scores_weights_and_merge_rules_are_numbers_that_can_be_computed_with() {
        refused(() -> new Score(Double.NaN, 1, 1), "finite");
        refused(() -> new Score(1, -1, 1), "finite");
        refused(() -> new Score(1, 1, 0), "at least 1 byte");
        refused(() -> new Candidate.Weight(Sample.LAB, Double.NaN), "between 0 and 1");
        refused(() -> new Candidate.Weight(Sample.LAB, 1.1), "between 0 and 1");
        refused(() -> new OuterOptimizer.Sgd(0, 0, false), "learning rate");
        refused(() -> new OuterOptimizer.Sgd(1, 1, true), "momentum");
        refused(() -> new OuterOptimizer.DelayedNesterov(1, 0, 2, 0), "momentum is above 0");
        refused(() -> new OuterOptimizer.DelayedNesterov(1, 1, 2, 0), "below 1");
        refused(() -> new OuterOptimizer.DelayedNesterov(1, 0.9, 0, 0), "merges is at least 1");
        refused(() -> new OuterOptimizer.DelayedNesterov(1, 0.9, 4, 0.26), "at most 1 ÷ merges");
    }

    @Test
    void a_contribution_was_trained_and_has_weights() {
        refused(() -> manifest(0, 1, 1), "at least 1 token");
        refused(() -> manifest(1, 0, 1), "at least 1 token");
        refused(() -> manifest(1, 1, Double.NaN), "finite");
        refused(() -> manifest(1, 1, -0.1), "finite");
    }

    @Test
    void no_two_files_of_a_contribution_have_one_name() {
        CodedFile gradient =
                new CodedFile(new CodecName("int8/1"), Sample.weights("g", 8).files().getFirst());
        refused(
                () ->
                        new ContributionManifest(
                                new RoundNumber(1),
                                Sample.LAB,
                                Sample.BASE,
                                Sample.PLAN,
                                Sample.weights("w", 8),
                                Optional.empty(),
                                Optional.of(gradient),
                                1,
                                1,
                                1),
                "listed twice");
    }

    private static ContributionManifest manifest(long tokens, int steps, double loss) {
        return new ContributionManifest(
                new RoundNumber(1),
                Sample.LAB,
                Sample.BASE,
                Sample.PLAN,
                new ModelManifest(Collections.singletonList(new File("f", 0, List.of()))),
                tokens,
                steps,
                loss);
    }

    private static LocalTraining training(
            int steps, double rate, double ratio, long warmup, long total, double decay) {
        return new LocalTraining(
                steps,
                Optimizer.MUON,
                rate,
                ratio,
                Schedule.COSINE,
                warmup,
                total,
                4,
                64,
                decay,
                1,
                7);
    }

    private static void refused(ThrowingCallable making, String why) {
        assertThatIllegalArgumentException().isThrownBy(making).withMessageContaining(why);
    }
}
