package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.EnrolmentReply;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.consortium.protocol.TokenRequest;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.trust.signature.SigningKey;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessTest {

    @TempDir Path folder;

    @Test
    void a_token_works_once_for_its_member_and_its_answer_can_be_asked_for_again() {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            EnrolmentToken token = EnrolmentToken.parse(stage.token("ada"));
            SigningKey key = SigningKey.generate();
            var request = TestMember.request(token, folder.resolve("ada"), key);
            try (TestClient stranger = stranger(stage, token.authority())) {
                EnrolmentReply first =
                        stranger.post("/v1/enrolments", request).as(201, EnrolmentReply.class);
                assertThat(stranger.post("/v1/enrolments", request).as(201, EnrolmentReply.class))
                        .isEqualTo(first);
                var thief = TestMember.request(token, folder.resolve("eve"), key);
                assertThat(stranger.post("/v1/enrolments", thief).code())
                        .isEqualTo("TOKEN_UNKNOWN");

                EnrolmentToken unused = EnrolmentToken.parse(stage.token("chandra"));
                var sound = TestMember.request(unused, folder.resolve("chandra"), key);
                assertThat(stranger.post("/v1/enrolments", with(sound, "no PEM", "")).code())
                        .isEqualTo("BAD_CERTIFICATE_REQUEST");
                assertThat(
                                stranger.post(
                                                "/v1/enrolments",
                                                with(sound, sound.certificateRequest(), "no key"))
                                        .code())
                        .isEqualTo("BAD_CERTIFICATE_REQUEST");
                stranger.post("/v1/enrolments", sound).as(201, EnrolmentReply.class);

                String late =
                        stage.steward
                                .post(
                                        "/v1/tokens",
                                        new TokenRequest(
                                                new MemberId("bela"), Duration.ofMillis(1)))
                                .text();
                var expired =
                        TestMember.request(EnrolmentToken.parse(late), folder.resolve("bela"), key);
                assertThat(stranger.post("/v1/enrolments", expired).code())
                        .isEqualTo("TOKEN_EXPIRED");
                assertThat(stranger.get("/v1/round").code()).isEqualTo("CERTIFICATE_NEEDED");
                assertThat(stranger.get("/v1/status").as(200, StatusView.class).protocol())
                        .isEqualTo(1);
            }
        }
    }

    private static EnrolmentRequest with(
            EnrolmentRequest request, String certificateRequest, String signingKey) {
        return new EnrolmentRequest(
                request.member(), request.secret(), certificateRequest, signingKey);
    }

    @Test
    void a_port_that_is_taken_is_refused_in_words() {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            Path directory = folder.resolve("second");
            int taken = stage.coordinator.address().getPort();
            Coordinator.found(
                    directory,
                    Stage.charter(1),
                    new CoordinatorConfig.Listening("127.0.0.1", taken, List.of("localhost")),
                    Instant::now);
            try (Coordinator second = Coordinator.assemble(CoordinatorConfig.read(directory))) {
                assertThatThrownBy(second::start)
                        .isInstanceOfSatisfying(
                                CoordinatorException.class,
                                e ->
                                        assertThat(e.code())
                                                .isEqualTo(CoordinatorException.Code.ADDRESS))
                        .hasMessageContaining("port " + taken);
            }
        }
    }

    @Test
    void a_run_needs_a_base() {
        Path directory = folder.resolve("without-base");
        Coordinator.found(
                directory,
                Stage.charter(1),
                new CoordinatorConfig.Listening("127.0.0.1", 0, List.of("localhost")),
                Instant::now);
        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(directory))) {
            coordinator.start();
            TlsIdentity identity = TlsIdentity.open(directory.resolve("steward"));
            try (TestClient steward = TestClient.of(coordinator.address(), identity)) {
                assertThat(steward.post("/v1/runs", Stage.plan(1, MergeRule.fedAvg())).code())
                        .isEqualTo("NO_BASE");
            }
        }
    }

    @Test
    void a_revoked_member_does_not_come_back_with_a_token_that_it_kept() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            EnrolmentToken spare = EnrolmentToken.parse(stage.token("ada"));
            stage.steward
                    .post("/v1/members/ada/revocation", new RevocationRequest("stolen key"))
                    .as(200, Accepted.class);
            var request =
                    TestMember.request(spare, folder.resolve("ada-again"), SigningKey.generate());
            try (TestClient stranger = stranger(stage, spare.authority())) {
                assertThat(stranger.post("/v1/enrolments", request).code())
                        .isEqualTo("TOKEN_UNKNOWN");
            }
            TestMember.enrol(stage.token("ada"), folder.resolve("ada-forgiven")).close();
        }
    }

    @Test
    void a_token_that_leaked_lets_nobody_in_once_its_member_is_revoked() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            revoke(stage, "ada");
            for (String member : List.of("ada", "bela")) {
                EnrolmentToken leaked = EnrolmentToken.parse(stage.token(member));
                revoke(stage, member);
                var request =
                        TestMember.request(
                                leaked, folder.resolve(member + "-thief"), SigningKey.generate());
                try (TestClient thief = stranger(stage, leaked.authority())) {
                    assertThat(thief.post("/v1/enrolments", request).code())
                            .isEqualTo("TOKEN_UNKNOWN");
                }
            }
        }
    }

    private static void revoke(Stage stage, String member) {
        stage.steward
                .post("/v1/members/" + member + "/revocation", new RevocationRequest("leaked"))
                .as(200, Accepted.class);
    }

    @Test
    void certificates_decide_who_may_do_what() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bela")) {
            TestMember ada = stage.member(0);
            assertThat(ada.client.post("/v1/runs", Stage.plan(1, MergeRule.fedAvg())).code())
                    .isEqualTo("STEWARD_ONLY");
            assertThat(stage.steward.put("/v1/parts/" + stage.base(), new byte[1]).code())
                    .isEqualTo("MEMBERS_ONLY");
            stage.steward
                    .post("/v1/members/ada/revocation", new RevocationRequest("left"))
                    .as(200, Accepted.class);
            assertThat(ada.client.get("/v1/round").code()).isEqualTo("REVOKED");
            assertThat(
                            stage.steward
                                    .post("/v1/members/eve/revocation", new RevocationRequest("?"))
                                    .code())
                    .isEqualTo("NO_SUCH_MEMBER");
            assertThat(stage.steward.get("/v1/consortium").as(200, ConsortiumView.class).members())
                    .containsExactly(new MemberId("bela"));
            TestMember bela = stage.member(1);
            try (TestMember again =
                    TestMember.enrol(stage.token("bela"), folder.resolve("bela-again"))) {
                assertThat(bela.client.get("/v1/round").code()).isEqualTo("CERTIFICATE_REPLACED");
                assertThat(again.client.get("/v1/round").status()).isEqualTo(200);
                assertThat(
                                again.client
                                        .call(
                                                "GET",
                                                "/v1/round",
                                                new byte[0],
                                                "Tapestry-Protocol",
                                                "9")
                                        .code())
                        .isEqualTo("PROTOCOL_VERSION");
                assertThat(again.client.get("/v1/nothing").code()).isEqualTo("UNKNOWN_ROUTE");
            }
        }
    }

    @Test
    void another_consortiums_certificate_gets_no_connection() {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            Path elsewhere = folder.resolve("elsewhere");
            CertificateAuthority other =
                    CertificateAuthority.create(elsewhere.resolve("ca"), "other", Instant.now());
            KeyAndRequest request = KeyAndRequest.createIn(elsewhere.resolve("id"));
            var certificate =
                    other.issue(
                            request.requestPem(),
                            new Peer.Member(new MemberId("ada")),
                            List.of(),
                            Instant.now(),
                            Duration.ofDays(1));
            TlsIdentity stranger =
                    TlsIdentity.install(elsewhere.resolve("id"), certificate, other.certificate());
            try (TestClient client = TestClient.of(stage.coordinator.address(), stranger)) {
                assertThatThrownBy(() -> client.get("/v1/round"))
                        .isInstanceOf(UncheckedIOException.class);
            }
        }
    }

    @Test
    void parts_are_served_whole_and_by_range_and_a_long_poll_wakes() throws Exception {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            TestClient client = stage.member(0).client;
            ModelManifest manifest =
                    client.get("/v1/models/" + stage.base()).as(200, ModelManifest.class);
            ModelManifest.Part part = manifest.files().get(1).parts().getFirst();
            String path = "/v1/parts/" + part.digest();
            byte[] whole = client.get(path).body();
            assertThat(Digest.of(whole)).isEqualTo(part.digest());
            Answer range = client.get(path, "Range", "bytes=5-9");
            assertThat(range.status()).isEqualTo(206);
            assertThat(range.body()).isEqualTo(Arrays.copyOfRange(whole, 5, 10));
            assertThat(range.headers().firstValue("Content-Range"))
                    .contains("bytes 5-9/" + part.bytes());
            assertThat(client.get(path, "Range", "bytes=-3").body())
                    .isEqualTo(Arrays.copyOfRange(whole, whole.length - 3, whole.length));
            assertThat(client.get(path, "Range", "bytes=999999999-").code())
                    .isEqualTo("RANGE_NOT_SATISFIABLE");
            Answer head = client.head(path);
            assertThat(head.headers().firstValueAsLong("Content-Length")).hasValue(part.bytes());

            RoundView now = stage.member(0).round();
            CompletableFuture<RoundView> poll =
                    CompletableFuture.supplyAsync(() ->
                            client.get("/v1/round?after=" + now.version() + "&wait=20")
                                    .as(200, RoundView.class));
            stage.run(1, MergeRule.fedAvg());
            assertThat(poll.get().version()).isGreaterThan(now.version());
        }
    }

    private static TestClient stranger(Stage stage, Digest authority) {
        return new TestClient(stage.coordinator.address(), TlsIdentity.firstContact(authority));
    }
}
