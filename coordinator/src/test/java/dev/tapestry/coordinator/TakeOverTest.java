package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Successor;
import dev.tapestry.consortium.protocol.RenewalReply;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.coordinator.BundleReport.Merge;
import dev.tapestry.coordinator.VerifyBundle.Demands;
import dev.tapestry.coordinator.store.ObjectSettings;
import dev.tapestry.coordinator.store.TestPostgres;
import dev.tapestry.coordinator.store.TestS3;
import dev.tapestry.trust.move.MoveAgreement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What members signed and were answered does not belong to the machine that happened to lead. */
final class TakeOverTest {

    /** After it a certificate of 825 days is renewed. */
    private static final Duration AGO = Duration.ofDays(600);

    @TempDir Path folder;

    private final ObjectSettings.S3 bucket = TestS3.running().bucket("loom/");

    private String keys(String url, String prefix) {
        return """
        log: {type: postgres, url: "%s", user: postgres, lease: PT30S}
        objects: {type: s3, bucket: %s, region: us-east-1, prefix: %s, endpoint: "%s"}
        """
                .formatted(url, bucket.bucket(), prefix, bucket.endpoint().orElseThrow());
    }

    private Stage shared() {
        Stage stage = new Stage(folder.resolve("stage"), Stage.charter(2), 1, 2048);
        stage.store(keys(TestPostgres.url(), "loom/"));
        return stage;
    }

    private static void round(Stage stage, int number) {
        stage.members.forEach(
                member -> member.takePart(number, Stage.SEED + number + member.id.hashCode()));
        stage.members.forEach(member -> member.scoreWell(number));
    }

    @Test
    void co_signatures_offers_and_signed_manifests_are_the_next_leaders_too() {
        try (Stage stage = shared()) {
            stage.clock.advance(AGO.negated());
            stage.withMembers("ada", "bela");
            stage.clock.advance(AGO);
            TestMember ada = stage.member(0);
            stage.run(2, MergeRule.fedAvg());
            round(stage, 1);
            round(stage, 2);
            ada.await(2, Phase.PUBLISHED);
            stage.goOnIn(folder.resolve("second"));
            assertThat(CosignatureTest.cosign(ada).status()).isEqualTo(204);
            RenewalReply offer = ada.offer().as(200, RenewalReply.class);

            stage.goOnIn(folder.resolve("third"));
            assertThat(CosignatureTest.cosign(stage.member(1)).status()).isEqualTo(204);
            assertThat(ada.client.get("/v1/log/cosignatures").text()).contains("ada", "bela");
            assertThat(ada.offer().as(200, RenewalReply.class)).isEqualTo(offer);
            try (TestClient next = ada.renewed(stage)) {
                assertThat(next.get("/v1/consortium").status()).isEqualTo(200);
            }
            bundled(Stage.keysOf(stage.directory, folder.resolve("auditor")), 4, 2);
        }
    }

    /** Any directory with the keys can hand out the bundle. */
    private BundleReport bundled(Path directory, int contributions, int witnesses) {
        Path file = folder.resolve("bundle.zip");
        BundleExport.Written written = BundleExport.write(directory, file);
        assertThat(written.contributions()).isEqualTo(contributions);
        BundleReport report =
                VerifyBundle.of(
                        file,
                        new Demands(
                                Optional.empty(),
                                witnesses,
                                Optional.empty(),
                                Optional.of(directory)));
        assertThat(report.sound()).as(report.problem()).isTrue();
        assertThat(report.manifests()).isEqualTo(contributions);
        assertThat(report.manifestsMissing()).isZero();
        assertThat(report.merges())
                .last()
                .satisfies(merge -> assertThat(merge.outcome()).isEqualTo(Merge.Outcome.MATCHES));
        return report;
    }

    @Test
    void a_latest_co_signature_is_not_replaced_by_one_that_an_earlier_leader_still_has() {
        try (Stage stage = shared().withMembers("ada", "bela")) {
            TestMember ada = stage.member(0);
            Path first = stage.directory;
            CosignatureTest.cosign(ada);
            stage.goOnIn(folder.resolve("second"));
            stage.token("nobody");
            CosignatureTest.cosign(ada);
            String latest = ada.client.get("/v1/log/cosignatures").text();
            stage.stop();
            stage.directory = first;
            stage.resume();
            assertThat(ada.client.get("/v1/log/cosignatures").text()).isEqualTo(latest);
        }
    }

    @Test
    void a_backup_holds_what_members_signed_and_were_offered() throws IOException {
        try (Stage stage = shared()) {
            stage.clock.advance(AGO.negated());
            stage.withMembers("ada", "bela");
            stage.clock.advance(AGO);
            stage.run(2, MergeRule.fedAvg());
            round(stage, 1);
            stage.member(0).await(2, Phase.COLLECTING);
            CosignatureTest.cosign(stage.member(0));
            RenewalReply offer = stage.member(1).offer().as(200, RenewalReply.class);
            Path backup = folder.resolve("backup");
            Backup.make(stage.directory, backup);
            stage.stop();
            stage.directory = backup;
            stage.resume();
            round(stage, 2);
            stage.member(0).await(2, Phase.PUBLISHED);
            CosignatureTest.cosign(stage.member(1));
            assertThat(stage.member(0).client.get("/v1/log/cosignatures").text())
                    .contains("ada", "bela");
            assertThat(stage.member(1).offer().as(200, RenewalReply.class)).isEqualTo(offer);
            bundled(backup, 4, 1);
        }
    }

    @Test
    void members_move_it_to_the_stores_of_another_operator_and_the_standby_is_fenced()
            throws IOException {
        try (Stage stage = shared().withMembers("ada", "bela")) {
            stage.run(2, MergeRule.fedAvg());
            round(stage, 1);
            stage.member(0).await(2, Phase.COLLECTING);
            CosignatureTest.cosign(stage.member(0));
            stage.member(0).takePart(2, Stage.SEED + 2);
            Path old = Stage.keysOf(stage.directory, folder.resolve("old"));
            Path next = folder.resolve("next");
            Successor successor = Succession.prepare(next, SuccessionTest.listening());
            assertThatThrownBy(() -> Succession.propose(old, successor))
                    .hasMessageContaining("leads this consortium; stop it first");
            stage.stop();
            CoordinatorMove move = Succession.propose(old, successor);
            MoveAgreement agreement =
                    MoveAgreement.sign(move, stage.member(0).key)
                            .and(MoveAgreement.sign(move, stage.member(1).key));

            Path yaml = next.resolve("coordinator.yaml");
            String plain = Files.readString(yaml);
            Files.writeString(
                    yaml,
                    plain
                            + Files.readString(old.resolve("coordinator.yaml"))
                                    .lines()
                                    .filter(line ->
                                            line.startsWith("log:") || line.startsWith("objects:"))
                                    .reduce("", (a, b) -> a + b + "\n"));
            assertThatThrownBy(() -> Succession.move(old, next, agreement, InstantSource.system()))
                    .hasMessageContaining("a database or schema of its own");
            Files.writeString(yaml, plain + keys(TestPostgres.url(), "other/"));
            Succession.move(old, next, agreement, InstantSource.system());

            stage.resume(); // the standby of before leads now, and knows
            assertThat(stage.member(0).client.get("/v1/round").code()).isEqualTo("MOVED");
            stage.stop();
            stage.directory = Stage.keysOf(next, folder.resolve("next-standby"));
            stage.resume();
            stage.member(1).takePart(2, Stage.SEED + 3);
            stage.members.forEach(member -> member.scoreWell(2));
            stage.member(0).await(2, Phase.PUBLISHED);
            CosignatureTest.cosign(stage.member(0));
            CosignatureTest.cosign(stage.member(1));
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
            assertThat(bundled(stage.directory, 4, 2).coordinatorKey()).isEqualTo(successor.key());
        }
    }

    @Test
    void a_contribution_that_the_disk_damaged_is_fetched_again_and_asked_for_where_that_is_too()
            throws IOException {
        try (Stage stage = shared().withMembers("ada", "bela")) {
            stage.run(2, MergeRule.fedAvg());
            stage.member(0).takePart(1, Stage.SEED);
            damage(admitted(stage, 1));
            stage.member(1).takePart(1, Stage.SEED + 1);
            stage.members.forEach(member -> member.scoreWell(1));
            stage.member(0).await(2, Phase.COLLECTING);
            assertThat(stage.events(ContributionLost.class)).isEmpty();

            stage.member(0).takePart(2, Stage.SEED + 2);
            Path weights = admitted(stage, 2);
            String name = stage.directory.relativize(weights).toString();
            damage(weights);
            try (var store = bucket.open(folder).orElseThrow()) {
                store.put(name, weights);
            }
            stage.member(1).takePart(2, Stage.SEED + 3);
            await().until(() -> !stage.events(ContributionLost.class).isEmpty());
            stage.member(0).await(2, Phase.COLLECTING);
            stage.member(0).takePart(2, Stage.SEED + 2);
            stage.members.forEach(member -> member.scoreWell(2));
            stage.member(0).await(2, Phase.PUBLISHED);
            Path fresh = Stage.keysOf(stage.directory, folder.resolve("fresh"));
            assertThat(VerifyMerge.of(fresh, new RoundNumber(2)).toString()).startsWith("Matches");
        }
    }

    /** A file of weights of the only contribution that is there. */
    private static Path admitted(Stage stage, int round) throws IOException {
        Contribution contribution =
                stage.state().round().orElseThrow().admitted().firstEntry().getValue();
        Path folder =
                stage.directory.resolve(
                        "contributions/%d/%s/%s"
                                .formatted(
                                        round,
                                        contribution.member(),
                                        contribution.envelope().hex()));
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".safetensors"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void damage(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
    }
}
