package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.aggregation.AggregationException;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Hindrance;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.consortium.protocol.TokenRequest;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.Gate.Access;
import dev.tapestry.coordinator.HttpApi.Route;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.WeightsException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is the coordinator's own fault, or the network's, is never held against a member. */
class FaultTest {

    @TempDir Path folder;

    @Test
    void a_damaged_base_and_a_disk_that_does_not_read_are_not_the_contributions_fault()
            throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            Uploaded uploaded = upload(stage, ada);

            Path index = uploaded.folder().resolve("model.safetensors.index.json");
            byte[] kept = Files.readAllBytes(index);
            Files.delete(index);
            Files.createDirectory(index);
            assertThat(ada.seal(1, uploaded.contribution()).code()).isEqualTo("STORAGE");
            assertThat(hindrance(stage)).as("nobody takes it for ada's fault").contains("STORAGE");
            stage.clock.advance(Duration.ofMinutes(3));
            assertThat(hindrance(stage)).isEmpty();
            Files.delete(index);
            Files.write(index, kept);

            Path models = stage.directory.resolve("models");
            Path shard =
                    models.resolve(stage.base().hex())
                            .resolve(uploaded.manifest().weights().files().getFirst().path());
            byte[] sound = Files.readAllBytes(shard);
            Files.write(shard, new byte[100]);
            assertThat(ada.seal(1, uploaded.contribution()).code()).isEqualTo("INTERNAL");
            Files.write(shard, sound);

            assertThat(stage.events(ContributionRefused.class)).isEmpty();
            ada.seal(1, uploaded.contribution()).as(200, Accepted.class);
        }
    }

    @Test
    void a_part_that_the_disk_does_not_give_is_a_coded_answer_and_no_broken_connection()
            throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            TestClient client = stage.member(0).client;
            ModelManifest manifest =
                    client.get("/v1/models/" + stage.base()).as(200, ModelManifest.class);
            ModelManifest.File first = manifest.files().getFirst();
            String part = "/v1/parts/" + first.parts().getFirst().digest();
            Path file =
                    stage.directory.resolve("models/" + stage.base().hex()).resolve(first.path());
            byte[] sound = Files.readAllBytes(file);

            Files.write(file, new byte[0]);
            assertThat(client.get(part).code()).isEqualTo("INTERNAL");
            Files.delete(file);
            assertThat(client.get(part).code()).isEqualTo("UNKNOWN_PART");
            Files.createDirectory(file);
            assertThat(client.get(part).code()).isEqualTo("STORAGE");
            Files.delete(file);
            Files.write(file, sound);
            assertThat(client.get(part).body()).isEqualTo(sound);
        }
    }

    @Test
    void an_envelope_that_a_power_cut_tore_is_written_again() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            Uploaded uploaded = upload(stage, ada);
            stage.stop();
            Path envelope = uploaded.folder().resolve(ContributionStore.ENVELOPE);
            Files.write(envelope, Arrays.copyOf(Files.readAllBytes(envelope), 100));
            Files.delete(uploaded.folder().resolve("config.json"));
            stage.resume();

            UploadStatus again =
                    ada.post(1, ada.signed(uploaded.manifest())).as(200, UploadStatus.class);
            assertThat(again.missing()).isEmpty();
            ada.seal(1, again.contribution()).as(200, Accepted.class);
            assertThat(Digest.of(Files.readAllBytes(envelope))).isEqualTo(again.contribution());
            ada.scoreWell(1);
            ada.await(1, Phase.PUBLISHED);
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(1)).toString())
                    .startsWith("Matches");
        }
    }

    @Test
    void a_merge_waits_for_a_disk_that_refuses_and_loses_no_contribution() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            Path inTheWay = Files.createFile(stage.directory.resolve("merging"));
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            Uploaded uploaded = upload(stage, ada);
            ada.seal(1, uploaded.contribution()).as(200, Accepted.class);
            ada.await(1, Phase.MERGING);
            for (int attempt = 0; attempt < 20; attempt++) { // with each news it tries at once
                stage.token("guest-" + attempt);
                assertThat(stage.events(RoundAbandoned.class)).isEmpty();
            }

            Files.delete(inTheWay);
            stage.token("one-more");
            ada.scoreWell(1);
            ada.await(1, Phase.PUBLISHED);
            assertThat(stage.events(RoundAbandoned.class)).isEmpty();
        }
    }

    @Test
    void a_contribution_that_the_disk_damaged_after_its_admission_is_asked_for_again()
            throws IOException {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            Uploaded uploaded = upload(stage, ada);
            ada.seal(1, uploaded.contribution()).as(200, Accepted.class);
            Path shard =
                    uploaded.folder()
                            .resolve(uploaded.manifest().weights().files().getFirst().path());
            byte[] sound = Files.readAllBytes(shard);
            byte[] damaged = sound.clone();
            damaged[damaged.length - 1] ^= 1;
            Files.write(shard, damaged);
            Files.delete(uploaded.folder().resolve("config.json"));
            stage.member(1).takePart(1, 2);

            await().until(() -> !stage.events(ContributionLost.class).isEmpty());
            RoundView view = ada.await(1, Phase.COLLECTING);
            assertThat(view.awaited()).containsExactly(ada.id);
            UploadStatus again =
                    ada.post(1, ada.signed(uploaded.manifest())).as(200, UploadStatus.class);
            assertThat(again.missing()).hasSize(1);
            ada.send(
                    uploaded.manifest().weights(),
                    ada.train(view.plan().orElseThrow(), Stage.SEED),
                    again.missing());
            ada.seal(1, again.contribution()).as(200, Accepted.class);
            assertThat(Files.readAllBytes(shard)).isEqualTo(sound);
            ada.scoreWell(1);
            stage.member(1).scoreWell(1);
            ada.await(1, Phase.PUBLISHED);
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(1)).toString())
                    .startsWith("Matches");
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    @Test
    void a_base_that_the_disk_damaged_is_not_merged_but_waited_for() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            Uploaded uploaded = upload(stage, ada);
            Path shard =
                    stage.directory
                            .resolve("models/" + stage.base().hex())
                            .resolve(uploaded.manifest().weights().files().getFirst().path());
            byte[] sound = Files.readAllBytes(shard);
            byte[] damaged = sound.clone();
            damaged[damaged.length - 1] ^= 1;
            Files.write(shard, damaged);
            ada.seal(1, uploaded.contribution()).as(200, Accepted.class);
            ada.await(1, Phase.MERGING);
            for (int attempt = 0; attempt < 5; attempt++) { // with each news it tries at once
                stage.token("guest-" + attempt);
                assertThat(ada.round().phase()).isEqualTo(Phase.MERGING);
            }
            Files.write(shard, sound);
            stage.token("one-more");
            ada.scoreWell(1);
            ada.await(1, Phase.PUBLISHED);
            assertThat(stage.events(RoundAbandoned.class)).isEmpty();
        }
    }

    @Test
    void a_log_that_somebody_else_wrote_ends_the_coordinator_which_then_goes_on_from_it() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            long size = stage.coordinator.ledger().snapshot().version();
            // What a disk leaves that keeps the last write of a transaction and reports a failure.
            ConsortiumEvent unseen = new MemberRevoked(stage.member(0).id, "seen", Instant.EPOCH);
            stage.coordinator.ledger().log().append(List.of(CanonicalJson.write(unseen)));

            assertThat(
                            stage.steward
                                    .post(
                                            "/v1/tokens",
                                            new TokenRequest(
                                                    new MemberId("bela"), Duration.ofHours(1)))
                                    .status())
                    .isGreaterThanOrEqualTo(500);
            assertThat(stage.coordinator.failure())
                    .succeedsWithin(Duration.ofMinutes(1))
                    .satisfies(end ->
                            assertThat(end)
                                    .hasMessageContaining(
                                            "the log has " + (size + 1) + " entries"));
            assertThat(stage.coordinator.ledger().snapshot().version()).isEqualTo(size);

            stage.restart();
            assertThat(stage.coordinator.ledger().snapshot().version()).isEqualTo(size + 1);
            stage.token("bela");
        }
    }

    /**
     * An upload that lacks nothing but its seal.
     *
     * @param manifest what was signed
     * @param contribution digest of the envelope
     * @param folder where it lies
     */
    private record Uploaded(ContributionManifest manifest, Digest contribution, Path folder) {}

    private static Uploaded upload(Stage stage, TestMember ada) {
        RoundView view = ada.await(1, Phase.COLLECTING);
        Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
        ContributionManifest manifest = ada.manifest(view, weights);
        UploadStatus begun = ada.post(1, ada.signed(manifest)).as(200, UploadStatus.class);
        ada.send(manifest.weights(), weights, begun.missing());
        return new Uploaded(
                manifest,
                begun.contribution(),
                stage.directory.resolve("contributions/1/ada/" + begun.contribution()));
    }

    @Test
    void a_sender_that_hangs_is_superseded_by_a_newer_one() throws Exception {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 1 << 20).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            ContributionManifest manifest = ada.manifest(view, weights);
            UploadStatus begun = ada.post(1, ada.signed(manifest)).as(200, UploadStatus.class);
            Digest part = begun.missing().getFirst();
            byte[] bytes = TinyModels.part(weights, manifest.weights(), part);
            CountDownLatch woken = new CountDownLatch(1);
            InputStream hanging =
                    new SequenceInputStream(
                            new ByteArrayInputStream(bytes, 0, 100),
                            new ByteArrayInputStream(bytes, 100, bytes.length - 100) {
                                @Override
                                public synchronized int read(byte[] into, int offset, int length) {
                                    awaitQuietly(woken);
                                    return super.read(into, offset, length);
                                }
                            });
            CompletableFuture<Answer> first =
                    CompletableFuture.supplyAsync(
                            () -> ada.client.putFrom("/v1/parts/" + part, hanging));
            Path file =
                    stage.directory
                            .resolve("contributions/1/ada/" + begun.contribution())
                            .resolve(manifest.weights().files().getFirst().path());
            await().until(() -> Files.exists(file));

            assertThat(ada.client.put("/v1/parts/" + part, bytes).status()).isEqualTo(204);
            woken.countDown();
            assertThat(first.get(1, TimeUnit.MINUTES).code()).isEqualTo("SUPERSEDED");
            ada.seal(1, begun.contribution()).as(200, Accepted.class);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatever_a_handler_throws_is_a_coded_answer() {
        Deque<Throwable> thrown = new ArrayDeque<>();
        Route broken =
                new Route("GET", "/v1/status", Access.ANYONE, _ -> FaultTest.<Error>raise(thrown));
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            TlsIdentity identity = TlsIdentity.open(stage.directory.resolve("identity"));
            HttpApi api =
                    new HttpApi(
                            CoordinatorConfig.read(stage.directory).listening(),
                            identity.server(),
                            gate(stage),
                            () -> true,
                            _ -> {},
                            new Doorkeeper(Doorkeeper.Limits.USUAL),
                            stage.coordinator.presence(),
                            stage.coordinator.metrics(),
                            List.of(broken));
            api.start();
            try (TestClient client =
                    TestClient.of(
                            CoordinatorConfig.read(stage.directory).listening().address(api.port()),
                            TlsIdentity.open(stage.directory.resolve("steward")))) {
                IOException disk = new IOException("the disk");
                for (Throwable defect :
                        List.of(
                                new NoSuchElementException("none"),
                                new UncheckedIOException(disk),
                                new AggregationException(
                                        AggregationException.Code.INVALID_ORDER, "no order"),
                                new WeightsException(WeightsException.Code.SHAPE, "no shape"),
                                new InternalError("a fault in a mapped page"))) {
                    thrown.add(defect);
                    Answer answer = client.get("/v1/status");
                    assertThat(answer.code()).as(defect.toString()).isEqualTo("INTERNAL");
                    assertThat(answer.status()).isEqualTo(500);
                }
                for (Throwable refusal :
                        List.of(
                                WeightsException.io("read", folder, disk),
                                new AggregationException(
                                        AggregationException.Code.IO, "the disk"))) {
                    thrown.add(refusal);
                    assertThat(client.get("/v1/status").code()).isEqualTo("STORAGE");
                }
            } finally {
                api.stop();
            }
        }
    }

    private static Optional<String> hindrance(Stage stage) {
        return stage.steward
                .get("/v1/presence")
                .as(200, PresenceView.class)
                .hindrance()
                .map(Hindrance::code);
    }

    private static Gate gate(Stage stage) {
        Ledger ledger = stage.coordinator.ledger();
        SharedFiles files = SharedFiles.own(stage.directory);
        CertificateShelf shelf =
                new CertificateShelf(stage.directory.resolve("certificates"), files);
        return new Gate(
                ledger,
                new RefusalRegister(ledger, stage.clock),
                new RenewalDesk(
                        ledger,
                        CertificateAuthority.open(stage.directory.resolve("ca")),
                        shelf,
                        stage.directory.resolve("renewals"),
                        files,
                        stage.clock),
                shelf,
                _ -> {},
                stage.directory.resolve("no-pin"));
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> void raise(Deque<Throwable> thrown) throws E {
        throw (E) thrown.remove();
    }

    @Test
    void a_round_desk_that_cannot_go_on_is_told_and_a_new_coordinator_goes_on() throws Exception {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            stage.clock.breakRoundDesk(Optional.of(new InternalError("a mapped page is gone")));
            stage.token("nobody");
            CoordinatorException failure = stage.coordinator.failure().get(1, TimeUnit.MINUTES);
            assertThat(failure.code()).isEqualTo(Code.FAILED);
            assertThat(failure).hasMessageContaining("a mapped page is gone");
            assertThat(stage.steward.post("/v1/runs", Stage.plan(1, MergeRule.fedAvg())).code())
                    .isEqualTo("CLOSING");
            stage.member(0).client.get("/v1/status").as(200, StatusView.class);

            stage.clock.breakRoundDesk(Optional.empty());
            stage.restart();
            stage.run(1, MergeRule.fedAvg());
            stage.member(0).await(1, Phase.COLLECTING);
        }
    }
}
