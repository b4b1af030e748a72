package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every contribution that is refused leaves a trace, and none can leave too large a one. */
class RefusalRegisterTest {

    private static final byte[] NO_ENVELOPE = "{}".getBytes(UTF_8);

    @TempDir Path folder;

    @Test
    void a_revoked_member_is_refused_in_the_log_too() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            byte[] envelope = ada.signed(ada.manifest(view, weights));
            UploadStatus begun = ada.post(1, envelope).as(200, UploadStatus.class);
            revoke(stage, "ada");

            assertThat(ada.post(1, envelope).code()).isEqualTo("REVOKED");
            assertThat(ada.seal(1, begun.contribution()).status()).isEqualTo(403);
            assertThat(ada.client.get("/v1/round").code()).isEqualTo("REVOKED");
            assertThat(refusals(stage, ada.id))
                    .extracting(ContributionRefused::finding)
                    .containsExactly(Finding.REVOKED, Finding.REVOKED);

            stage.member(1).takePart(1, Stage.SEED);
            stage.member(1).scoreWell(1);
            stage.member(1).await(1, Phase.PUBLISHED);
            assertThat(ada.post(1, envelope).code()).isEqualTo("REVOKED");
            assertThat(refusals(stage, ada.id).getLast().finding()).isEqualTo(Finding.REVOKED);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    @Test
    void a_genuine_certificate_of_a_member_that_the_log_does_not_know_is_refused_in_the_log_too() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            stage.member(0).await(1, Phase.COLLECTING);
            MemberId eve = new MemberId("eve");
            try (TestClient client =
                    TestClient.of(stage.coordinator.address(), unenrolled(stage, eve))) {
                assertThat(client.get("/v1/round").code()).isEqualTo("UNKNOWN_MEMBER");
                assertThat(client.postBytes("/v1/rounds/1/contributions", NO_ENVELOPE).code())
                        .isEqualTo("UNKNOWN_MEMBER");
            }
            assertThat(refusals(stage, eve))
                    .extracting(ContributionRefused::finding)
                    .containsExactly(Finding.UNKNOWN_MEMBER);
        }
    }

    private TlsIdentity unenrolled(Stage stage, MemberId member) {
        CertificateAuthority authority =
                CertificateAuthority.open(new CoordinatorDirectory(stage.directory).authority());
        KeyAndRequest request = KeyAndRequest.createIn(folder.resolve(member.value()));
        return TlsIdentity.install(
                folder.resolve(member.value()),
                authority.issue(
                        request.requestPem(),
                        new Peer.Member(member),
                        List.of(),
                        Instant.now(),
                        Duration.ofDays(1)),
                authority.certificate());
    }

    @Test
    void who_enrols_during_a_round_is_not_invited_to_it() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            stage.member(0).await(1, Phase.COLLECTING);
            TestMember late = stage.withMembers("late").member(1);
            RoundView view = late.round();
            Path weights = late.train(view.plan().orElseThrow(), Stage.SEED);
            assertThat(late.contribute(view, weights).code()).isEqualTo("NOT_INVITED");
            assertThat(refusals(stage, late.id))
                    .extracting(ContributionRefused::finding)
                    .containsExactly(Finding.NOT_INVITED);

            stage.member(0).takePart(1, Stage.SEED);
            RoundView scoring = late.await(1, Phase.SCORING);
            assertThat(late.score(scoring, 2.0, 2.1).code()).isEqualTo("NOT_INVITED");
        }
    }

    @Test
    void before_the_first_round_there_is_nothing_to_be_refused_from() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            TestMember ada = stage.member(0);
            assertThat(ada.post(1, NO_ENVELOPE).code()).isEqualTo("MALFORMED");
            revoke(stage, "ada");
            assertThat(ada.post(1, NO_ENVELOPE).code()).isEqualTo("REVOKED");
            assertThat(refusals(stage, ada.id)).isEmpty();
        }
    }

    @Test
    void what_a_member_sends_does_not_make_its_refusal_too_large_for_the_log() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            ada.await(1, Phase.COLLECTING);
            Envelope foreign =
                    Envelope.sign(Protocol.CONTRIBUTION_TYPE, NO_ENVELOPE, SigningKey.generate());
            Envelope.Signature loud =
                    new Envelope.Signature(
                            "k".repeat(10_000), foreign.signatures().getFirst().sig());
            Envelope megabytes =
                    new Envelope(
                            foreign.payload(),
                            foreign.payloadType(),
                            Collections.nCopies(Envelope.MAX_SIGNATURES, loud));
            assertThat(ada.post(1, megabytes.bytes()).code()).isEqualTo("BAD_SIGNATURE");
            byte[] emoji = ("{\"" + "x".repeat(79) + "🧵\":1}").getBytes(UTF_8);
            assertThat(ada.post(1, emoji).code()).isEqualTo("MALFORMED");
            assertThat(refusals(stage, ada.id))
                    .hasSize(2)
                    .allMatch(event -> event.detail().length() <= Refusal.MAX_DETAIL);
        }
    }

    @Test
    void nobody_can_fill_the_log_with_refusals() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            ada.await(1, Phase.COLLECTING);
            for (int i = 0; i < RefusalRegister.MAX_LOGGED + 3; i++) {
                Answer answer = ada.post(1, NO_ENVELOPE);
                assertThat(answer.code()).isEqualTo("MALFORMED");
                assertThat(answer.status()).isEqualTo(409);
            }
            assertThat(refusals(stage, ada.id)).hasSize(RefusalRegister.MAX_LOGGED);
            assertThat(stage.member(1).post(1, NO_ENVELOPE).code()).isEqualTo("MALFORMED");
            assertThat(refusals(stage, stage.member(1).id)).hasSize(1);
            ada.takePart(1, Stage.SEED);
        }
    }

    private static void revoke(Stage stage, String member) {
        stage.steward
                .post("/v1/members/" + member + "/revocation", new RevocationRequest("left"))
                .as(200, Accepted.class);
    }

    private static List<ContributionRefused> refusals(Stage stage, MemberId member) {
        return stage.events(ContributionRefused.class).stream()
                .filter(event -> event.member().equals(member))
                .toList();
    }
}
