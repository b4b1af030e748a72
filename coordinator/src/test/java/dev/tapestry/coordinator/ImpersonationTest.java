package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.coordinator.Gate.Access;
import dev.tapestry.coordinator.HttpApi.Route;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who has a place in the consortium, or had one, and wants another's. */
class ImpersonationTest {

    @TempDir Path folder;

    @Test
    void nobody_without_a_certificate_gets_anything_but_status_and_enrolment() {
        try (Stage stage = new Stage(folder, Stage.charter(1));
                TestClient stranger =
                        new TestClient(stage.coordinator.address(), stage.stranger())) {
            for (Route route : stage.coordinator.routes()) {
                Answer answer = called(stranger, route);
                if (route.access() == Access.ANYONE) {
                    assertThat(answer.status()).as(route.path()).isNotEqualTo(401);
                } else {
                    assertThat(answer.status()).as(route.path()).isEqualTo(401);
                    isRefused(answer, route, Set.of("CERTIFICATE_NEEDED"));
                }
            }
        }
    }

    @Test
    void a_member_does_nothing_of_the_stewards_and_the_steward_nothing_of_a_members() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            for (Route route : stage.coordinator.routes()) {
                if (route.access() == Access.STEWARD) {
                    isRefused(called(stage.member(0).client, route), route, Set.of("STEWARD_ONLY"));
                }
                if (route.access() == Access.MEMBERS || route.access() == Access.CONTRIBUTORS) {
                    isRefused(called(stage.steward, route), route, Set.of("MEMBERS_ONLY"));
                }
            }
        }
    }

    @Test
    void a_revoked_member_gets_nothing_at_all_from_the_next_request_on() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            stage.member(0).client.get("/v1/round").as(200, RoundView.class);
            stage.steward
                    .post("/v1/members/ada/revocation", new RevocationRequest("left"))
                    .as(200, Accepted.class);
            for (Route route : stage.coordinator.routes()) {
                if (route.access() != Access.ANYONE) {
                    isRefused(
                            called(stage.member(0).client, route),
                            route,
                            Set.of("REVOKED", "STEWARD_ONLY"));
                }
            }
        }
    }

    private static Answer called(TestClient client, Route route) {
        String path = route.path().replaceAll("\\{n}", "1").replaceAll("\\{id}", "bela");
        path = path.replaceAll("\\{[a-z]+}", Digest.of(new byte[0]).hex());
        byte[] body =
                route.method().equals("POST") || route.method().equals("PUT")
                        ? "{}".getBytes(UTF_8)
                        : new byte[0];
        return client.call(route.method(), path, body);
    }

    private static void isRefused(Answer answer, Route route, Set<String> codes) {
        String what = route.method() + " " + route.path();
        assertThat(answer.status()).as(what).isBetween(401, 403);
        if (!route.method().equals("HEAD")) {
            assertThat(answer.code()).as(what).isIn(codes);
        }
    }

    @Test
    void a_member_neither_reads_nor_touches_what_another_sends() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 1 << 20).withMembers("ada", "eve")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            TestMember eve = stage.member(1);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            ContributionManifest manifest = ada.manifest(view, weights);
            byte[] signed = ada.signed(manifest);
            UploadStatus begun = ada.post(1, signed).as(200, UploadStatus.class);
            Digest part = begun.missing().getFirst();
            byte[] bytes = TinyModels.part(weights, manifest.weights(), part);

            // Ada's own envelope, sent by eve: it stays ada's, and her upload is what it was.
            assertThat(eve.post(1, signed).code()).isIn("BAD_SIGNATURE", "WRONG_MEMBER");
            assertThat(eve.client.put("/v1/parts/" + part, new byte[bytes.length]).code())
                    .isEqualTo("NOT_AWAITED");
            assertThat(eve.client.put("/v1/parts/" + part, bytes).code()).isEqualTo("NOT_AWAITED");
            assertThat(eve.seal(1, begun.contribution()).code()).isEqualTo("NOT_AWAITED");
            assertThat(ada.client.put("/v1/parts/" + part, bytes).status()).isEqualTo(204);
            for (TestMember reader : stage.members) {
                assertThat(reader.client.get("/v1/parts/" + part).code()).isEqualTo("UNKNOWN_PART");
                assertThat(
                                reader.client
                                        .get(
                                                "/v1/models/"
                                                        + CanonicalJson.digest(manifest.weights()))
                                        .code())
                        .isEqualTo("UNKNOWN_MODEL");
            }

            ada.send(manifest.weights(), weights, begun.missing());
            ada.seal(1, begun.contribution()).as(200, Accepted.class);
            assertThat(eve.seal(1, begun.contribution()).code()).isEqualTo("NOT_AWAITED");
            // The weights of another, under one's own name.
            assertThat(eve.contribute(view, weights).code()).isEqualTo("REPLAY");
        }
    }

    @Test
    void a_part_that_is_another_parts_is_refused_under_its_false_name() {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            ContributionManifest manifest = ada.manifest(view, weights);
            UploadStatus begun = ada.post(1, ada.signed(manifest)).as(200, UploadStatus.class);
            List<ModelManifest.Part> parts =
                    manifest.weights().files().stream().flatMap(f -> f.parts().stream()).toList();
            for (ModelManifest.Part part : parts) {
                for (ModelManifest.Part other : parts) {
                    if (!other.digest().equals(part.digest())) {
                        byte[] foreign =
                                TinyModels.part(weights, manifest.weights(), other.digest());
                        assertThat(ada.client.put("/v1/parts/" + part.digest(), foreign).code())
                                .isIn("DIGEST_MISMATCH", "WRONG_LENGTH");
                    }
                }
            }
            ada.send(manifest.weights(), weights, begun.missing());
            ada.seal(1, begun.contribution()).as(200, Accepted.class);
        }
    }

    @Test
    void a_score_or_a_contribution_that_was_signed_for_something_else_does_not_count_again() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "eve")) {
            stage.run(2, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            TestMember eve = stage.member(1);
            RoundView first = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(first.plan().orElseThrow(), Stage.SEED);
            byte[] contribution = ada.signed(ada.manifest(first, weights));
            ada.takePart(1, Stage.SEED);
            eve.takePart(1, Stage.SEED + 1);
            RoundView scoring = ada.await(1, Phase.SCORING);
            byte[] score =
                    Envelope.seal(
                                    Protocol.SCORE_TYPE,
                                    new ScoreReport(
                                            new RoundNumber(1),
                                            ada.id,
                                            scoring.candidate().orElseThrow(),
                                            new Score(2.0, 2.1, 1000)),
                                    ada.key)
                            .bytes();
            assertThat(eve.client.postBytes("/v1/rounds/1/scores", score).code())
                    .isIn("BAD_SIGNATURE", "WRONG_MEMBER");
            // A document of one kind is none of another.
            assertThat(ada.client.postBytes("/v1/rounds/1/scores", contribution).code())
                    .isIn("MALFORMED", "STALE_ROUND");
            assertThat(ada.post(1, score).code()).isIn("MALFORMED", "STALE_ROUND");
            ada.client.postBytes("/v1/rounds/1/scores", score).as(200, Accepted.class);
            eve.scoreWell(1);

            ada.await(2, Phase.COLLECTING);
            assertThat(ada.post(1, contribution).code()).isEqualTo("STALE_ROUND");
            assertThat(ada.post(2, contribution).code()).isEqualTo("MALFORMED");
            assertThat(ada.client.postBytes("/v1/rounds/1/scores", score).code())
                    .isIn("STALE_ROUND", "WRONG_CANDIDATE");
            assertThat(ada.client.postBytes("/v1/rounds/2/scores", score).code())
                    .isEqualTo("MALFORMED");
        }
    }

    @Test
    void a_member_speaks_of_its_own_activity_only() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "eve")) {
            Activity said =
                    new Activity(
                            1, Activity.Doing.TRAINING, 5, 10, Optional.empty(), Optional.empty());
            assertThat(
                            stage.member(1)
                                    .client
                                    .put("/v1/activity", CanonicalJson.write(said))
                                    .status())
                    .isEqualTo(204);
            String asAda =
                    new String(CanonicalJson.write(said), UTF_8)
                            .replaceFirst("\\{", "{\"member\":\"ada\",");
            assertThat(stage.member(1).client.put("/v1/activity", asAda.getBytes(UTF_8)).code())
                    .isEqualTo("BAD_REQUEST");
            PresenceView presence =
                    stage.member(1).client.get("/v1/presence").as(200, PresenceView.class);
            assertThat(presence.members())
                    .allSatisfy(member ->
                            assertThat(member.activity().isPresent())
                                    .isEqualTo(member.member().equals(stage.member(1).id)));
        }
    }

    @Test
    void more_bytes_than_the_quota_are_refused_with_the_number_before_a_part_is_sent() {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 1 << 20).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            ContributionManifest sound = ada.manifest(view, weights);
            ModelManifest.File file = sound.weights().files().getFirst();
            long quota = stage.state().charter().contributionQuotaBytes();
            ModelManifest.File huge =
                    new ModelManifest.File(
                            file.path(),
                            quota + 1,
                            List.of(
                                    new ModelManifest.Part(
                                            file.parts().getFirst().digest(), quota + 1)));
            Answer answer =
                    ada.post(
                            1,
                            ada.signed(
                                    new ContributionManifest(
                                            sound.round(),
                                            sound.member(),
                                            sound.base(),
                                            sound.plan(),
                                            new ModelManifest(List.of(huge)),
                                            sound.tokens(),
                                            sound.steps(),
                                            sound.trainingBitsPerByte())));
            assertThat(answer.code()).isEqualTo("TOO_LARGE");
            assertThat(answer.text()).contains(Long.toString(quota));
            assertThat(
                            ada.client
                                    .put(
                                            "/v1/parts/" + file.parts().getFirst().digest(),
                                            new byte[1])
                                    .code())
                    .isEqualTo("NOT_AWAITED");
        }
    }
}
