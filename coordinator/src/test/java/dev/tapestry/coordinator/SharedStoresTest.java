package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.store.ObjectSettings;
import dev.tapestry.coordinator.store.TestPostgres;
import dev.tapestry.coordinator.store.TestS3;
import dev.tapestry.objects.ObjectStore;
import dev.tapestry.weights.codec.Codec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Coordinators that share a log in PostgreSQL and files in an S3 bucket. */
final class SharedStoresTest {

    private static final Wire CODED_STEPS =
            new Wire(Optional.empty(), Optional.of(new CodecName("int4/1")));

    @TempDir Path folder;

    private final String url = TestPostgres.url();
    private final ObjectSettings.S3 bucket = TestS3.running().bucket("loom/");

    private String keys() {
        return """
        log: {type: postgres, url: "%s", user: postgres, lease: PT30S}
        objects: {type: s3, bucket: %s, region: us-east-1, prefix: loom/, endpoint: "%s"}
        """
                .formatted(url, bucket.bucket(), bucket.endpoint().orElseThrow());
    }

    private Stage stage(String name) {
        return new Stage(folder.resolve(name), Stage.charter(2), 2, 2048)
                .withMembers("ada", "bela");
    }

    @Test
    void whoever_leads_next_needs_nothing_but_the_keys_and_makes_the_same_bases() {
        List<Digest> expected;
        try (Stage alone = stage("alone")) {
            alone.run(2, MergeRule.diLoCo(0.7, 0.9), CODED_STEPS);
            expected = List.of(round(alone, 1, () -> {}), round(alone, 2, () -> {}));
        }
        try (Stage shared = stage("shared")) {
            shared.store(keys());
            shared.run(2, MergeRule.diLoCo(0.7, 0.9), CODED_STEPS);
            assertThat(
                            List.of(
                                    round(shared, 1, () -> move(shared, "second")),
                                    round(shared, 2, () -> move(shared, "third"))))
                    .isEqualTo(expected);
            assertThat(VerifyLog.of(shared.directory)).isInstanceOf(VerifyLog.Sound.class);
            Path fourth = Stage.keysOf(shared.directory, folder.resolve("fourth"));
            assertThat(VerifyMerge.of(fourth, new RoundNumber(2))).isInstanceOf(Matches.class);
            Path fifth = Stage.keysOf(shared.directory, folder.resolve("fifth"));
            Path receipt = folder.resolve("receipt");
            MergeReceipt.write(fifth, new RoundNumber(2), receipt);
            assertThat(MergeReceipt.verify(receipt, VerifyBundle.Demands.NONE).problem()).isEmpty();
        }
    }

    /** In the middle of collecting, before the candidate is scored, and while it is. */
    private static Digest round(Stage stage, int round, Runnable change) {
        stage.member(0).takePart(round, Stage.SEED + round);
        change.run();
        stage.member(1).takePart(round, Stage.SEED + 10 + round);
        stage.member(0).scoreWell(round);
        change.run();
        stage.member(1).scoreWell(round);
        stage.member(0)
                .await(round == 2 ? 2 : round + 1, round == 2 ? Phase.PUBLISHED : Phase.COLLECTING);
        return stage.base();
    }

    private void move(Stage stage, String name) {
        Path next = folder.resolve(name + "-" + stage.state().round().orElseThrow().phase());
        stage.goOnIn(next);
    }

    @Test
    void a_leader_whose_term_is_over_steps_down_and_says_so() throws Exception {
        try (Stage stage = stage("shared")) {
            stage.store(keys());
            TestPostgres.sql(
                    "UPDATE %s.lease SET term = term + 1, holder = 'the other', expires = 'infinity'"
                            .formatted(url.substring(url.lastIndexOf('=') + 1)));
            assertThat(stage.coordinator.failure().get(1, TimeUnit.MINUTES))
                    .hasMessageContaining("now the other (term 3) leads")
                    .extracting(CoordinatorException::code)
                    .isEqualTo(Code.STEPPED_DOWN);
            Answer answer = stage.steward.get("/v1/status");
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.code()).isEqualTo("NOT_LEADING");
            assertThatThrownBy(() ->
                            Coordinator.adoptBase(
                                    Stage.keysOf(stage.directory, folder.resolve("second")),
                                    folder.resolve("shared/seed-model"),
                                    stage.clock))
                    .hasMessageContaining("the other (term 3) leads this consortium; stop it");
        }
    }

    @Test
    void a_base_that_the_disk_damaged_is_fetched_again_and_nobody_is_refused_for_it()
            throws IOException {
        try (Stage stage = stage("shared")) {
            stage.store(keys());
            stage.run(1, MergeRule.fedAvg(), CodedMember.wire(Codec.INT8));
            CodedMember ada = new CodedMember(stage.member(0));
            RoundView view = ada.member().await(1, Phase.COLLECTING);
            Path base =
                    stage.directory
                            .resolve("models/" + stage.base())
                            .resolve(
                                    ada.encode(view.plan().orElseThrow(), Codec.INT8, 1)
                                            .weights()
                                            .files()
                                            .getFirst()
                                            .path());
            byte[] whole = Files.readAllBytes(base);
            byte[] damaged = whole.clone();
            damaged[damaged.length - 1] ^= 1;
            Files.write(base, damaged);

            ada.contribute(view, Codec.INT8, 1).as(200, Accepted.class);

            assertThat(stage.events(ContributionRefused.class)).isEmpty();
            assertThat(base).hasBinaryContent(whole);
        }
    }

    @Test
    void a_contribution_that_was_changed_in_the_bucket_is_not_merged() throws IOException {
        try (Stage stage = stage("shared")) {
            stage.store(keys());
            stage.run(1, MergeRule.fedAvg());
            stage.member(0).takePart(1, Stage.SEED);
            Contribution admitted =
                    stage.state().round().orElseThrow().admitted().firstEntry().getValue();
            Path changed = Files.writeString(folder.resolve("changed"), "these are no weights");
            Path fresh = folder.resolve("fresh");
            try (ObjectStore store = bucket.open(fresh).orElseThrow();
                    SharedFiles files =
                            Stores.readableFiles(Stage.keysOf(stage.directory, fresh))) {
                ContributionStore contributions =
                        new ContributionStore(
                                fresh.resolve("contributions"),
                                new ModelStore(fresh.resolve("models"), files),
                                files);
                Map.Entry<String, Long> largest =
                        store.list("contributions/1/ada/").entrySet().stream()
                                .max(Map.Entry.comparingByValue())
                                .orElseThrow();
                store.put(largest.getKey(), changed);
                RoundNumber round = new RoundNumber(1);
                assertThatThrownBy(() -> contributions.folder(round, admitted))
                        .isInstanceOfSatisfying(
                                CoordinatorException.class,
                                e -> assertThat(e.code()).isEqualTo(Code.MODEL))
                        .hasMessageContaining("contribution of ada is damaged in the store");
                assertThat(fresh.resolve("contributions/1")).doesNotExist();
            }
        }
    }

    @Test
    void stores_that_are_not_there_are_refused_with_what_to_do_and_found_by_the_check()
            throws IOException {
        try (Stage stage = stage("shared")) {
            assertThat(StoreCheck.of(stage.directory)).allMatch(StoreCheck.Finding::good);
            stage.stop();
            Path file = stage.directory.resolve("coordinator.yaml");
            String before = Files.readString(file);
            Files.writeString(file, before + keys().replaceFirst("localhost:\\d+", "localhost:1"));
            assertThatThrownBy(() ->
                            Coordinator.assemble(
                                    CoordinatorConfig.read(stage.directory), stage.clock))
                    .isInstanceOfSatisfying(
                            CoordinatorException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.STORAGE))
                    .hasMessageContainingAll("localhost:1", "see log.url", "coordinator check");
            Files.writeString(file, before + keys());
            assertThat(StoreCheck.of(stage.directory))
                    .as("what the guide says to do before the move")
                    .allMatch(StoreCheck.Finding::good)
                    .anySatisfy(finding ->
                            assertThat(finding.detail())
                                    .contains("the database is empty; next: ")
                                    .endsWith("tapestry coordinator move " + stage.directory));
            assertThatThrownBy(() -> CoordinatorLog.open(stage.directory))
                    .hasMessageContaining("the database is empty")
                    .hasMessageNotContaining("relation");
            assertThatThrownBy(() ->
                            Coordinator.assemble(
                                    CoordinatorConfig.read(stage.directory), stage.clock))
                    .hasMessageContaining("tapestry coordinator move");
            Files.writeString(file, before + keys().replace(bucket.bucket(), "never-made"));
            assertThat(StoreCheck.of(stage.directory))
                    .filteredOn(finding -> !finding.good())
                    .singleElement()
                    .satisfies(finding -> assertThat(finding.what()).isEqualTo("objects"))
                    .satisfies(finding -> assertThat(finding.detail()).contains("never-made"));
            Files.writeString(file, before);
            stage.resume();
        }
    }
}
