package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.coordinator.CodedMember.Coded;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.codec.Codec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodedContributionTest {

    private static final String INT8 = Codec.INT8.wireName();

    @TempDir Path folder;

    @Test
    void updates_are_decoded_merged_and_verified_like_weights_and_survive_a_restart() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.diLoCo(0.7, 0.9), CodedMember.wire(Codec.INT8));
            CodedMember ada = new CodedMember(stage.member(0));
            RoundView view = ada.member().await(1, Phase.COLLECTING);
            Coded coded = ada.encode(view.plan().orElseThrow(), Codec.INT8, 1);
            hasTheHeadersOf(ada.member().fetch(stage.base()), coded);
            ContributionManifest manifest = ada.manifest(view, coded, coded.named(INT8));
            byte[] envelope = ada.member().signed(manifest);
            UploadStatus begun = ada.member().post(1, envelope).as(200, UploadStatus.class);
            assertThat(begun.missing())
                    .as("only the update is sent")
                    .containsExactlyElementsOf(
                            manifest.sent().parts().stream()
                                    .map(ModelManifest.Part::digest)
                                    .toList());
            assertThat(manifest.sent().bytes()).isLessThan(manifest.weights().bytes() / 2);
            ada.member().send(manifest.sent(), coded.file().resolveSibling("."), begun.missing());
            stage.restart();
            assertThat(ada.member().post(1, envelope).as(200, UploadStatus.class).missing())
                    .as("what was received is found again")
                    .isEmpty();
            ada.member().seal(1, begun.contribution()).as(200, Accepted.class);
            new CodedMember(stage.member(1))
                    .contribute(view, Codec.INT8, 2)
                    .as(200, Accepted.class);
            stage.members.forEach(member -> member.scoreWell(1));
            ada.member().await(1, Phase.PUBLISHED);
            assertThat(stage.events(ContributionAdmitted.class).getFirst().contribution().weights())
                    .as("replays are told by what was decoded")
                    .isEqualTo(CanonicalJson.digest(coded.weights()));
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(1)))
                    .isInstanceOf(Matches.class);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    @Test
    void an_update_that_is_not_what_plan_and_manifest_say_is_refused_and_a_right_one_is_taken()
            throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 1 << 20).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg(), CodedMember.wire(Codec.INT8));
            TestMember member = stage.member(0);
            CodedMember ada = new CodedMember(member);
            RoundView view = member.await(1, Phase.COLLECTING);
            Coded good = ada.encode(view.plan().orElseThrow(), Codec.INT8, 1);
            Coded int4 = ada.encode(view.plan().orElseThrow(), Codec.INT4, 1);

            Path weights = member.train(view.plan().orElseThrow(), 1);
            refused(Finding.WRONG_CODEC, "whole weights", member.contribute(view, weights));
            refused(
                    Finding.WRONG_CODEC,
                    "asks for an update in int8/1",
                    ada.contribute(view, int4, "int4/1", UnaryOperator.identity()));
            refused(
                    Finding.WRONG_CODEC,
                    "is coded as int4/1",
                    ada.contribute(view, int4, INT8, UnaryOperator.identity()));
            refused(
                    Finding.DECODES_OTHERWISE,
                    "does not give the weights",
                    ada.contribute(view, new Coded(good.file(), int4.weights()), INT8, m -> m));
            refused(
                    Finding.MALFORMED,
                    "call it 'update.safetensors'",
                    ada.contribute(view, good, INT8, m -> with(m, renamed(m))));
            refused(Finding.MALFORMED, "", ada.contribute(view, corrupt(good), INT8, m -> m));
            refused(Finding.MALFORMED, "", ada.contribute(view, cut(good), INT8, m -> m));

            ada.contribute(view, Codec.INT8, 1).as(200, Accepted.class);
        }
    }

    @Test
    void while_the_coordinators_base_is_damaged_nobody_is_refused() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg(), CodedMember.wire(Codec.INT8));
            CodedMember ada = new CodedMember(stage.member(0));
            RoundView view = ada.member().await(1, Phase.COLLECTING);
            Coded coded = ada.encode(view.plan().orElseThrow(), Codec.INT8, 1);
            ContributionManifest manifest = ada.manifest(view, coded, coded.named(INT8));
            UploadStatus begun =
                    ada.member().post(1, ada.member().signed(manifest)).as(200, UploadStatus.class);
            ada.member().send(manifest.sent(), coded.file().resolveSibling("."), begun.missing());
            Path base =
                    stage.directory
                            .resolve("models/" + stage.base())
                            .resolve(manifest.weights().files().getFirst().path());
            byte[] whole = Files.readAllBytes(base);
            byte[] damaged = whole.clone();
            damaged[damaged.length - 1] ^= 1;

            Files.write(base, damaged);
            assertThat(ada.member().seal(1, begun.contribution()).code()).isEqualTo("STORAGE");
            Files.write(base, whole);
            ada.member().seal(1, begun.contribution()).as(200, Accepted.class);
            assertThat(stage.events(ContributionRefused.class)).isEmpty();
        }
    }

    @Test
    void an_update_that_the_disk_damaged_before_its_seal_is_sent_again_and_nobody_is_refused()
            throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg(), CodedMember.wire(Codec.INT8));
            CodedMember ada = new CodedMember(stage.member(0));
            RoundView view = ada.member().await(1, Phase.COLLECTING);
            Coded coded = ada.encode(view.plan().orElseThrow(), Codec.INT8, 1);
            ContributionManifest manifest = ada.manifest(view, coded, coded.named(INT8));
            byte[] envelope = ada.member().signed(manifest);
            UploadStatus begun = ada.member().post(1, envelope).as(200, UploadStatus.class);
            Path sent = coded.file().resolveSibling(".");
            ada.member().send(manifest.sent(), sent, begun.missing());
            Path arrived =
                    stage.directory.resolve(
                            "contributions/1/ada/%s/.update.safetensors"
                                    .formatted(begun.contribution()));
            byte[] bytes = Files.readAllBytes(arrived);
            bytes[bytes.length - 1] ^= 1;
            Files.write(arrived, bytes);

            assertThat(ada.member().seal(1, begun.contribution()).code()).isEqualTo("STORAGE");
            assertThat(ada.member().seal(1, begun.contribution()).code()).isEqualTo("NOT_AWAITED");
            UploadStatus again = ada.member().post(1, envelope).as(200, UploadStatus.class);
            assertThat(again.missing()).hasSize(1);
            ada.member().send(manifest.sent(), sent, again.missing());
            ada.member().seal(1, again.contribution()).as(200, Accepted.class);
            assertThat(stage.events(ContributionRefused.class)).isEmpty();
        }
    }

    @Test
    void a_plan_with_a_codec_that_nobody_knows_is_refused_when_it_is_proposed() {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            Wire wire = new Wire(Optional.empty(), Optional.of(new CodecName("int3/1")));
            Answer answer =
                    stage.steward.post("/v1/runs", Stage.plan(1, MergeRule.fedAvg()).over(wire));
            assertThat(answer.code()).isEqualTo("PLAN_REFUSED");
            assertThat(answer.text()).contains("CODEC_UNKNOWN", "int3/1", "topk32/1");
        }
    }

    @Test
    void a_plan_whose_codec_and_merge_rule_do_not_go_together_is_refused_and_not_logged() {
        try (Stage stage = new Stage(folder, Stage.charter(3), 2, 2048)) {
            MergeRule median =
                    MergeRule.of(OuterOptimizer.fedAvg(), new Aggregator.CoordinateMedian());
            Wire wire = new Wire(Optional.of(new CodecName("topk32/1")), Optional.empty());
            Answer answer = stage.steward.post("/v1/runs", Stage.plan(1, median).over(wire));
            assertThat(answer.code()).isEqualTo("PLAN_REFUSED");
            assertThat(answer.text()).contains("UPDATES_TOO_SPARSE: ", "topk32/1", "int4/1");
            assertThat(stage.state().run()).isEmpty();
            assertThat(stage.events(RunStarted.class)).isEmpty();
        }
    }

    private static void hasTheHeadersOf(Path base, Coded coded) {
        for (ModelManifest.File file : coded.weights().files()) {
            Path decoded = coded.file().resolveSibling("decoded").resolve(file.path());
            assertThat(header(decoded)).isEqualTo(header(base.resolve(file.path())));
        }
    }

    private static byte[] header(Path file) {
        byte[] bytes = TinyModels.bytes(file);
        long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return Arrays.copyOf(bytes, Math.toIntExact(Long.BYTES + length));
    }

    private static CodedFile renamed(ContributionManifest m) {
        CodedFile update = m.update().orElseThrow();
        return new CodedFile(
                update.codec(),
                new ModelManifest.File(
                        "model.safetensors", update.file().bytes(), update.file().parts()));
    }

    private static ContributionManifest with(ContributionManifest m, CodedFile update) {
        return new ContributionManifest(
                        m.round(),
                        m.member(),
                        m.base(),
                        m.plan(),
                        m.weights(),
                        Optional.of(update),
                        Optional.empty(),
                        m.tokens(),
                        m.steps(),
                        m.trainingBitsPerByte())
                .on(m.grounds());
    }

    /** With a code that int8 does not use in the last byte. */
    private Coded corrupt(Coded coded) throws IOException {
        byte[] bytes = Files.readAllBytes(coded.file());
        bytes[bytes.length - 1] = (byte) 0x80;
        return changed(coded, "corrupt", bytes);
    }

    private Coded cut(Coded coded) throws IOException {
        byte[] bytes = Files.readAllBytes(coded.file());
        return changed(coded, "cut", Arrays.copyOf(bytes, bytes.length - 100));
    }

    private Coded changed(Coded coded, String name, byte[] bytes) throws IOException {
        Path file = Files.createDirectories(folder.resolve(name)).resolve(CodedFile.UPDATE);
        Files.write(file, bytes);
        assertThat(Manifests.file(file)).isNotEqualTo(Manifests.file(coded.file()));
        return new Coded(file, coded.weights());
    }

    private static void refused(Finding finding, String why, Answer answer) {
        assertThat(answer.code()).as(answer.text()).isEqualTo(finding.name());
        assertThat(answer.text()).contains(why);
    }
}
