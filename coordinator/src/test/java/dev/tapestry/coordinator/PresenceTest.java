package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.Activity.Doing;
import dev.tapestry.consortium.protocol.Failure;
import dev.tapestry.consortium.protocol.Presence;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No wait is silent: who is awaited, when it was last seen, and how far it is. */
class PresenceTest {

    @TempDir Path folder;

    private static Presence of(Stage stage, String member) {
        return view(stage).members().stream()
                .filter(presence -> presence.member().value().equals(member))
                .findFirst()
                .orElseThrow();
    }

    private static PresenceView view(Stage stage) {
        return stage.steward.get("/v1/presence").as(200, PresenceView.class);
    }

    private static void tell(TestMember member, Activity activity) {
        assertThat(member.client.put("/v1/activity", CanonicalJson.write(activity)).status())
                .isEqualTo(204);
    }

    private static Activity training(int step) {
        return Activity.of(1, Doing.TRAINING, step, 60);
    }

    @Test
    void a_member_is_seen_when_it_asks_and_gets_on_when_its_work_does() {
        try (Stage stage = new Stage(folder, Stage.charter(2)).withMembers("ada", "bela")) {
            assertThat(of(stage, "ada").seen()).as("it enrolled, but has not asked yet").isEmpty();
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            tell(ada, training(31));
            Instant first = of(stage, "ada").advanced().orElseThrow();
            assertThat(of(stage, "ada").activity()).contains(training(31));
            assertThat(of(stage, "ada").awaited()).isTrue();
            assertThat(of(stage, "bela").seen()).isEmpty();

            stage.pass(Duration.ofMinutes(1));
            tell(ada, training(31));
            Presence still = of(stage, "ada");
            assertThat(still.advanced()).contains(first);
            assertThat(still.seen().orElseThrow()).isAfterOrEqualTo(first.plusSeconds(60));

            tell(ada, training(32));
            assertThat(of(stage, "ada").advanced().orElseThrow())
                    .isAfterOrEqualTo(first.plusSeconds(60));
        }
    }

    @Test
    void an_upload_under_way_is_counted_and_who_has_contributed_is_not_awaited() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            ContributionManifest manifest = ada.manifest(view, weights);
            UploadStatus begun = ada.post(1, ada.signed(manifest)).as(200, UploadStatus.class);
            long expected = of(stage, "ada").expected();
            assertThat(expected).isPositive();
            assertThat(of(stage, "ada").received()).isZero();

            List<Digest> missing = begun.missing();
            ada.send(manifest.weights(), weights, missing.subList(0, 1));
            assertThat(of(stage, "ada").received()).isBetween(1L, expected - 1);
            ada.send(manifest.weights(), weights, missing.subList(1, missing.size()));
            assertThat(of(stage, "ada").received()).isEqualTo(expected);

            ada.seal(1, begun.contribution());
            Presence sealed = of(stage, "ada");
            assertThat(sealed.awaited()).isFalse();
            assertThat(sealed.expected()).isZero();
            assertThat(of(stage, "bela").awaited()).isTrue();
        }
    }

    @Test
    void what_a_member_failed_at_stays_to_be_seen_until_its_round_is_over_and_then_in_the_log() {
        try (Stage stage = new Stage(folder, Stage.charter(2)).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember bela = stage.member(1);
            bela.await(1, Phase.COLLECTING);
            Activity full =
                    new Activity(
                            1,
                            Doing.HINDERED,
                            0,
                            0,
                            Optional.of("STORAGE"),
                            Optional.of("/secret is full"),
                            Optional.of(Doing.SENDING));
            tell(bela, full);
            tell(bela, training(3));
            Presence goesOn = of(stage, "bela");
            assertThat(goesOn.activity()).contains(training(3));
            Failure failure = goesOn.failure().orElseThrow();
            assertThat(failure.during()).contains(Doing.SENDING);
            assertThat(failure.code()).isEqualTo("STORAGE");
            assertThat(failure.reason()).contains("/secret is full");
            assertThat(stage.steward.get("/v1/metrics").text())
                    .contains(
                            "tapestry_member_failed_timestamp_seconds{code=\"STORAGE\",during=\"SENDING\",member=\"bela\"}");

            stage.pass(Duration.ofMinutes(5));
            bela.await(2, Phase.COLLECTING);
            assertThat(stage.events(RoundAbandoned.class).getFirst().reason())
                    .matches(
                            "0 of 2 contributions needed; missing: ada \\(.*\\), bela \\(last seen 5 min ago, failed while sending: STORAGE\\)");
            assertThat(of(stage, "bela").failure()).isEmpty();
        }
    }

    @Test
    void what_no_node_says_is_refused_and_a_revoked_member_is_not_shown() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bela")) {
            TestMember ada = stage.member(0);
            String tooLong = "x".repeat(Activity.LONGEST_REASON + 1);
            for (String body :
                    List.of(
                            "{}",
                            "{\"round\":-1,\"doing\":\"TRAINING\",\"done\":0,\"of\":0,\"code\":null,\"reason\":null}",
                            "{\"round\":1,\"doing\":\"DANCING\",\"done\":0,\"of\":0,\"code\":null,\"reason\":null}",
                            "{\"round\":1,\"doing\":\"HINDERED\",\"done\":0,\"of\":0,\"code\":\"X\",\"reason\":\""
                                    + tooLong
                                    + "\"}")) {
                byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
                assertThat(ada.client.put("/v1/activity", bytes).code()).isEqualTo("BAD_REQUEST");
            }
            assertThat(stage.steward.put("/v1/activity", CanonicalJson.write(training(1))).code())
                    .isEqualTo("MEMBERS_ONLY");
            stage.steward.post("/v1/members/bela/revocation", new RevocationRequest("left"));
            assertThat(view(stage).members())
                    .extracting(presence -> presence.member().value())
                    .containsExactly("ada");
        }
    }
}
