package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.aggregation.MergeVerification.Differs;
import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.SharedGradients;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members share their mean gradients; here one's gradient is a multiple of a model's weights. */
class SharedGradientsTest {

    private static final CodecName INT8 = new CodecName("int8/1");

    @TempDir Path folder;

    private static void run(Stage stage, int rounds, MergeRule merge) {
        stage.steward
                .post("/v1/runs", Stage.plan(rounds, merge).sharing(INT8))
                .as(201, Accepted.class);
    }

    /** Codes a disturbed model as if it were a gradient, beside the trained weights. */
    private static Path prepared(TestMember member, RoundPlan plan, Codec codec, double scale)
            throws IOException {
        Path weights = member.train(plan, member.id.value().length());
        Path gradient = member.folder.resolve("gradient-" + plan.round() + "-" + scale);
        try (ModelDirectory base = ModelDirectory.open(member.fetch(plan.base()))) {
            if (!Files.exists(gradient)) {
                TinyModels.disturbed(base, gradient, 7, scale);
            }
        }
        CodedUpdate.encodeAfresh(codec, gradient, weights.resolve(CodedFile.GRADIENT), 1);
        return weights;
    }

    private static ContributionManifest with(ContributionManifest m, Optional<CodedFile> gradient) {
        return new ContributionManifest(
                        m.round(),
                        m.member(),
                        m.base(),
                        m.plan(),
                        new ModelManifest(
                                m.weights().files().stream()
                                        .filter(file -> !file.path().equals(CodedFile.GRADIENT))
                                        .toList()),
                        m.update(),
                        gradient,
                        m.tokens(),
                        m.steps(),
                        m.trainingBitsPerByte())
                .on(m.grounds());
    }

    private static Answer contribute(
            TestMember member, RoundView view, Path weights, UnaryOperator<CodedFile> change) {
        CodedFile gradient =
                new CodedFile(INT8, Manifests.file(weights.resolve(CodedFile.GRADIENT)));
        ContributionManifest whole = member.manifest(view, weights);
        ContributionManifest manifest = with(whole, Optional.of(change.apply(gradient)));
        int round = view.plan().orElseThrow().round().value();
        Answer begun = member.post(round, member.signed(manifest));
        if (begun.status() != 200) {
            return begun;
        }
        UploadStatus status = begun.as(200, UploadStatus.class);
        member.send(manifest.sent(), weights, status.missing());
        return member.seal(round, status.contribution());
    }

    private static Answer contribute(TestMember member, RoundView view, double scale)
            throws IOException {
        Path weights = prepared(member, view.plan().orElseThrow(), Codec.INT8, scale);
        return contribute(member, view, weights, UnaryOperator.identity());
    }

    @Test
    void the_mean_gradient_is_merged_published_with_the_base_and_can_be_merged_again()
            throws IOException {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            run(stage, 2, MergeRule.diLoCo(0.7, 0.9));
            RoundView view = stage.member(0).await(1, Phase.COLLECTING);
            assertThat(view.plan().orElseThrow().gradients())
                    .contains(new SharedGradients(INT8, Optional.empty()));
            contribute(stage.member(0), view, 0.01).as(200, Accepted.class);
            stage.restart();
            contribute(stage.member(1), view, 0.03).as(200, Accepted.class);
            stage.members.forEach(member -> member.scoreWell(1));

            RoundView next = stage.member(0).await(2, Phase.COLLECTING);
            Digest mean = next.plan().orElseThrow().gradients().orElseThrow().mean().orElseThrow();
            Candidate merged = stage.events(CandidateMerged.class).getFirst().candidate();
            assertThat(merged.gradient()).contains(mean);
            isTheMean(stage.member(0), view.plan().orElseThrow(), stage.member(0).fetch(mean));
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(1)))
                    .isInstanceOf(Matches.class);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);

            Path kept = gradientOf(stage, "ada");
            Files.copy(gradientOf(stage, "bela"), kept, StandardCopyOption.REPLACE_EXISTING);
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(1)))
                    .isInstanceOfSatisfying(
                            Differs.class,
                            differs ->
                                    assertThat(differs.toString())
                                            .contains("ada: the mean gradient is another one"));
        }
    }

    private static Path gradientOf(Stage stage, String member) throws IOException {
        try (var files = Files.walk(stage.directory.resolve("contributions/1/" + member))) {
            return files.filter(file -> file.endsWith("." + CodedFile.GRADIENT))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private void isTheMean(TestMember member, RoundPlan plan, Path mean) throws IOException {
        Path decoded = folder.resolve("decoded");
        try (ModelDirectory base = ModelDirectory.open(member.fetch(plan.base()));
                ModelDirectory one = ModelDirectory.open(member.folder.resolve("gradient-1-0.01"));
                ModelDirectory two =
                        ModelDirectory.open(folder.resolve("bela").resolve("gradient-1-0.03"))) {
            CodedUpdate.decode(mean.resolve(CodedFile.GRADIENT), base, decoded, 1);
            try (ModelDirectory found = ModelDirectory.open(decoded)) {
                String name = found.tensors().firstEntry().getKey();
                for (long at = 0; at < found.data(name).byteSize(); at += Float.BYTES) {
                    float expected =
                            (one.data(name).get(FloatConversion.FLOAT_LE, at)
                                            + two.data(name).get(FloatConversion.FLOAT_LE, at))
                                    / 2;
                    assertThat(found.data(name).get(FloatConversion.FLOAT_LE, at))
                            .isCloseTo(expected, within(0.05f));
                }
            }
        }
    }

    @Test
    void a_gradient_that_is_not_what_plan_and_manifest_say_is_refused_and_a_right_one_is_taken()
            throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            run(stage, 1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            RoundPlan plan = view.plan().orElseThrow();
            refused(
                    Finding.WRONG_CODEC,
                    "contributed with no mean gradient",
                    ada.contribute(view, ada.train(plan, 3)));
            Path weights = prepared(ada, plan, Codec.INT4, 0.01);
            refused(
                    Finding.WRONG_CODEC,
                    "'gradient.safetensors' is coded as int4/1",
                    contribute(ada, view, weights, UnaryOperator.identity()));
            refused(
                    Finding.WRONG_CODEC,
                    "a mean gradient in int4/1",
                    contribute(
                            ada,
                            view,
                            weights,
                            file -> new CodedFile(new CodecName("int4/1"), file.file())));
            refused(Finding.GRADIENT_TOO_LARGE, "clipNorm allows", contribute(ada, view, 1e6));
            prepared(ada, plan, Codec.INT8, 0.01);
            byte[] bytes = Files.readAllBytes(weights.resolve(CodedFile.GRADIENT));
            bytes[bytes.length - 1] = (byte) 0x80; // a code that int8 does not use
            Files.write(weights.resolve(CodedFile.GRADIENT), bytes);
            refused(
                    Finding.MALFORMED,
                    "",
                    contribute(ada, view, weights, UnaryOperator.identity()));

            contribute(ada, view, 0.01).as(200, Accepted.class);
        }
    }

    private static void refused(Finding finding, String detail, Answer answer) {
        assertThat(answer.code()).as(answer.text()).isEqualTo(finding.name());
        assertThat(answer.text()).contains(detail);
    }

    @Test
    void a_plan_whose_gradients_travel_in_a_codec_that_nobody_knows_is_refused() {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            Answer answer =
                    stage.steward.post(
                            "/v1/runs",
                            Stage.plan(1, MergeRule.fedAvg()).sharing(new CodecName("int3/1")));
            assertThat(answer.code()).isEqualTo("PLAN_REFUSED");
            assertThat(answer.text()).contains("CODEC_UNKNOWN", "int3/1");
        }
    }

    @Test
    void a_plan_whose_gradients_would_mostly_never_come_is_refused() {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048)) {
            Answer answer =
                    stage.steward.post(
                            "/v1/runs",
                            Stage.plan(1, MergeRule.fedAvg()).sharing(new CodecName("topk16/1")));
            assertThat(answer.code()).isEqualTo("PLAN_REFUSED");
            assertThat(answer.text()).contains("GRADIENTS_TOO_SPARSE: ", "topk16/1", "int8/1");
            assertThat(stage.state().run()).isEmpty();
        }
    }
}
