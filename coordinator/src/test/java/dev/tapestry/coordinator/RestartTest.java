package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestartTest {

    @TempDir Path folder;

    @Test
    void an_upload_that_was_cut_off_sends_only_what_is_missing_and_every_state_resumes()
            throws IOException {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048)
                        .withMembers("ada", "bela", "chandra")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            ContributionManifest manifest = ada.manifest(view, weights);
            byte[] envelope = ada.signed(manifest);
            UploadStatus begun = ada.post(1, envelope).as(200, UploadStatus.class);
            List<Digest> all = begun.missing();
            assertThat(all).hasSizeGreaterThan(2);
            ada.send(manifest.weights(), weights, all.subList(0, 2));

            stage.restart();

            UploadStatus again = ada.post(1, envelope).as(200, UploadStatus.class);
            assertThat(again.missing()).isEqualTo(all.subList(2, all.size()));
            diskRefuses(stage, ada, manifest, weights, again);
            ada.send(manifest.weights(), weights, again.missing());
            ada.seal(1, again.contribution()).as(200, Accepted.class);
            stage.restart();
            ada.seal(1, again.contribution()).as(200, Accepted.class);
            stage.member(1).takePart(1, 2);

            stage.stop();
            closeCollection(stage.directory);
            stage.resume();

            ada.scoreWell(1);
            stage.restart();
            stage.member(1).scoreWell(1);
            stage.member(2).scoreWell(1);
            ada.await(1, Phase.PUBLISHED);
            stage.restart();
            assertThat(ada.round().phase()).isEqualTo(Phase.PUBLISHED);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    /** A folder where a file should be stands for a disk that does not take it. */
    private static void diskRefuses(
            Stage stage,
            TestMember ada,
            ContributionManifest manifest,
            Path weights,
            UploadStatus status)
            throws IOException {
        Path upload = stage.directory.resolve("contributions/1/ada/" + status.contribution());
        String name = manifest.weights().files().getLast().path();
        Digest part = manifest.weights().files().getLast().parts().getFirst().digest();
        assertThat(status.missing()).contains(part);
        Files.deleteIfExists(upload.resolve(name));
        Files.createDirectory(upload.resolve(name));
        byte[] bytes = TinyModels.part(weights, manifest.weights(), part);
        assertThat(ada.client.put("/v1/parts/" + part, bytes).code()).isEqualTo("STORAGE");
        Files.delete(upload.resolve(name));
    }

    /** What the log looks like when the coordinator is killed before it merges. */
    private static void closeCollection(Path directory) {
        CoordinatorDirectory place = new CoordinatorDirectory(directory);
        try (AuditLog log =
                        AuditLog.open(
                                place.log(),
                                Founding.origin(CertificateAuthority.open(place.authority())));
                Ledger ledger =
                        Ledger.open(
                                log,
                                SigningKey.load(place.signingKey()),
                                new Chronicle(InstantSource.system()),
                                new CompletableFuture<>())) {
            ledger.change(state ->
                    state.decide(
                            new RoundInput.TimePassed(
                                    state.round().flatMap(RoundState::deadline).orElseThrow())));
        }
    }

    @Test
    void a_deadline_closes_a_round_that_waits_in_vain() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            ada.takePart(1, 1);
            stage.pass(Duration.ofMinutes(6));
            ada.await(1, Phase.SCORING);
            assertThat(stage.events(CollectionClosed.class).getFirst().missing())
                    .containsExactly(stage.member(1).id);
            stage.pass(Duration.ofMinutes(6));
            ada.await(2, Phase.COLLECTING);
            assertThat(stage.events(RoundRolledBack.class).getFirst().reason())
                    .contains("0 of 1 scores");
            stage.pass(Duration.ofMinutes(6));
            ada.await(3, Phase.COLLECTING);
            assertThat(stage.events(RoundAbandoned.class)).hasSize(1);
        }
    }
}
