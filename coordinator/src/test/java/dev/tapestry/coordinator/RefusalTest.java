package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.Grounds;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RefusalTest {

    @TempDir Path folder;

    private final List<Finding> expected = new ArrayList<>();

    @Test
    void every_unsound_contribution_is_refused_with_its_finding_in_the_log_and_the_round_completes()
            throws IOException {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 1 << 20).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path good = ada.train(view.plan().orElseThrow(), Stage.SEED);

            manifests(ada, view, good);
            signatures(ada, view, good);
            grounds(ada, view, good);
            tensors(ada, view);
            incomplete(ada, view, good);

            ada.contribute(view, good).as(200, Accepted.class);
            ada.contribute(view, good).as(200, Accepted.class);
            Path other = ada.train(view.plan().orElseThrow(), Stage.SEED + 1);
            refused(Finding.ALREADY_ADMITTED, ada.contribute(view, other));
            TestMember bela = stage.member(1);
            refused(Finding.REPLAY, bela.contribute(view, good));

            List<Finding> logged =
                    stage.events(ContributionRefused.class).stream()
                            .map(ContributionRefused::finding)
                            .toList();
            assertThat(logged).isEqualTo(expected);
            bela.takePart(1, Stage.SEED + 2);
            stage.members.forEach(member -> member.scoreWell(1));
            ada.await(1, Phase.PUBLISHED);
            refused(Finding.STALE_ROUND, ada.contribute(view, other));
        }
    }

    private void manifests(TestMember ada, RoundView view, Path good) {
        Digest zero = Digest.of(new byte[0]);
        refused(
                Finding.STALE_ROUND,
                ada.post(7, ada.signed(with(ada.manifest(view, good), 7, zero, zero))));
        refused(Finding.WRONG_BASE, ada.contribute(view, good, m -> with(m, 1, zero, m.plan())));
        refused(Finding.WRONG_PLAN, ada.contribute(view, good, m -> with(m, 1, m.base(), zero)));
        refused(
                Finding.BELOW_QUALITY_FLOOR,
                ada.contribute(view, good, m -> with(m, m.member(), m.weights(), 9)));
        refused(Finding.TOO_LARGE, ada.contribute(view, good, m -> with(m, m.member(), huge(), 2)));
        refused(
                Finding.MALFORMED,
                ada.contribute(view, good, m -> with(m, m.member(), renamed(m), 2)));
    }

    private void signatures(TestMember ada, RoundView view, Path good) {
        ContributionManifest manifest = ada.manifest(view, good);
        refused(Finding.MALFORMED, ada.post(1, "{}".getBytes(StandardCharsets.UTF_8)));
        refused(
                Finding.BAD_SIGNATURE,
                ada.post(
                        1,
                        Envelope.seal(Protocol.CONTRIBUTION_TYPE, manifest, SigningKey.generate())
                                .bytes()));
        refused(
                Finding.WRONG_MEMBER,
                ada.post(
                        1,
                        ada.signed(with(manifest, new MemberId("bela"), manifest.weights(), 2))));
    }

    private void grounds(TestMember ada, RoundView view, Path good) {
        Grounds sound = ada.grounds();
        Digest charter = sound.charter();
        Digest root = sound.logRoot();
        long size = sound.logSize();
        Digest zero = Digest.of(new byte[0]);
        refused(Finding.NO_GROUNDS, ada.contribute(view, good, m -> m.on(Optional.empty())));
        refused(Finding.WRONG_CHARTER, relying(ada, view, good, zero, size, root));
        refused(Finding.OTHER_HISTORY, relying(ada, view, good, charter, size, zero));
        Answer more = relying(ada, view, good, charter, size + 1_000, root);
        refused(Finding.OTHER_HISTORY, more);
        assertThat(more.text()).as("a log that was never so long").contains("no such entries");
        refused(Finding.OTHER_HISTORY, relying(ada, view, good, charter, size - 1, root));
    }

    private static Answer relying(
            TestMember ada, RoundView view, Path good, Digest charter, long size, Digest root) {
        Optional<Digest> card = ada.grounds().card();
        Grounds grounds = new Grounds(charter, size, root, card);
        return ada.contribute(view, good, m -> m.on(Optional.of(grounds)));
    }

    private void tensors(TestMember ada, RoundView view) {
        Path base = ada.fetch(view.base().orElseThrow());
        refused(Finding.UPDATE_IS_ZERO, ada.contribute(view, base));
        try (ModelDirectory model = ModelDirectory.open(base)) {
            refused(
                    Finding.UPDATE_TOO_LARGE,
                    ada.contribute(
                            view, TinyModels.disturbed(model, folder.resolve("far"), 1, 10)));
            refused(
                    Finding.NON_FINITE,
                    ada.contribute(
                            view,
                            TinyModels.disturbed(model, folder.resolve("nan"), 1, Double.NaN)));
        }
        List<TensorSpec> specs = TinyModels.SPECS;
        refused(Finding.MISSING_TENSOR, ada.contribute(view, model("less", specs.subList(0, 3))));
        List<TensorSpec> more = new ArrayList<>(specs);
        more.add(TensorSpec.of("extra", DType.F32, 4));
        refused(Finding.UNEXPECTED_TENSOR, ada.contribute(view, model("more", more)));
        List<TensorSpec> turned = new ArrayList<>(specs);
        turned.set(0, TensorSpec.of(specs.get(0).name(), DType.F32, 16, 32));
        refused(Finding.SHAPE_MISMATCH, ada.contribute(view, model("turned", turned)));
        List<TensorSpec> half = new ArrayList<>(specs);
        half.set(0, specs.get(0).as(DType.F16));
        refused(Finding.DTYPE_MISMATCH, ada.contribute(view, model("half", half)));
    }

    private void incomplete(TestMember ada, RoundView view, Path good) throws IOException {
        UploadStatus status =
                ada.post(1, ada.signed(ada.manifest(view, good))).as(200, UploadStatus.class);
        assertThat(status.missing()).isNotEmpty();
        refused(Finding.INCOMPLETE, ada.seal(1, status.contribution()));
        Digest part = status.missing().getFirst();
        byte[] bytes = TinyModels.part(good, TinyModels.weights(good), part);
        bytes[0] ^= 1;
        assertThat(ada.client.put("/v1/parts/" + part, bytes).code()).isEqualTo("DIGEST_MISMATCH");
        for (byte[] wrong : new byte[][] {new byte[3], Arrays.copyOf(bytes, bytes.length + 1)}) {
            assertThat(ada.client.put("/v1/parts/" + part, wrong).code()).isEqualTo("WRONG_LENGTH");
            assertThat(
                            ada.client
                                    .putFrom("/v1/parts/" + part, new ByteArrayInputStream(wrong))
                                    .code())
                    .as("a length that shows while it is read")
                    .isEqualTo("WRONG_LENGTH");
        }
        Digest stray = Digest.of(new byte[3]);
        assertThat(ada.client.put("/v1/parts/" + stray, new byte[3]).code())
                .isEqualTo("NOT_AWAITED");
        InputStream unreadable = InputStream.nullInputStream();
        unreadable.close();
        assertThat(ada.client.putWhenAgreed("/v1/parts/" + stray, unreadable, 3).code())
                .isEqualTo("NOT_AWAITED");
        assertThat(ada.client.putWhenAgreed("/v1/parts/" + part, unreadable, 3).code())
                .isEqualTo("WRONG_LENGTH");
        byte[] agreed = TinyModels.part(good, TinyModels.weights(good), part);
        assertThat(
                        ada.client
                                .putWhenAgreed(
                                        "/v1/parts/" + part,
                                        new ByteArrayInputStream(agreed),
                                        agreed.length)
                                .status())
                .isEqualTo(204);
    }

    private Path model(String name, List<TensorSpec> specs) {
        return TinyModels.model(folder.resolve(name), specs, 1, 1 << 20);
    }

    private void refused(Finding finding, Answer answer) {
        assertThat(answer.code()).as(answer.text()).isEqualTo(finding.name());
        assertThat(answer.status()).isEqualTo(409);
        expected.add(finding);
    }

    private static ModelManifest huge() {
        Digest digest = Digest.of(new byte[0]);
        ModelManifest.Part part = new ModelManifest.Part(digest, 2 << 20);
        return new ModelManifest(
                List.of(new ModelManifest.File("model.safetensors", 2 << 20, List.of(part))));
    }

    private static ModelManifest renamed(ContributionManifest manifest) {
        ModelManifest.File file = manifest.weights().files().getFirst();
        return new ModelManifest(
                List.of(new ModelManifest.File("x.safetensors", file.bytes(), file.parts())));
    }

    private static ContributionManifest with(
            ContributionManifest m, int round, Digest base, Digest plan) {
        return new ContributionManifest(
                        new RoundNumber(round),
                        m.member(),
                        base,
                        plan,
                        m.weights(),
                        m.tokens(),
                        m.steps(),
                        m.trainingBitsPerByte())
                .on(m.grounds());
    }

    private static ContributionManifest with(
            ContributionManifest m, MemberId member, ModelManifest weights, double loss) {
        return new ContributionManifest(
                        m.round(), member, m.base(), m.plan(), weights, m.tokens(), m.steps(), loss)
                .on(m.grounds());
    }
}
