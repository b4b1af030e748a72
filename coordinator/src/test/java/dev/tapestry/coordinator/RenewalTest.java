package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.ConsortiumEvent.CertificateRenewed;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Ending;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.RenewalReply;
import dev.tapestry.consortium.protocol.RenewalRequest;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.certificate.TlsProblem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates that are renewed, over real TLS: issued in the past, so that they are due now. */
class RenewalTest {

    /** Of 825 days: past two thirds, with 225 left. */
    private static final Duration AGO = Duration.ofDays(600);

    @TempDir Path folder;

    /** Members that enrolled long ago. */
    private Stage enrolledLongAgo(String... members) {
        Stage stage = new Stage(folder, Stage.charter(1));
        stage.clock.advance(AGO.negated());
        stage.withMembers(members);
        stage.clock.advance(AGO);
        return stage;
    }

    private static int status(TestClient client) {
        return client.get("/v1/consortium").status();
    }

    private static String refusal(TestClient client) {
        return client.get("/v1/consortium").code();
    }

    @Test
    void a_renewed_certificate_counts_from_its_first_use_and_the_one_before_until_then() {
        try (Stage stage = enrolledLongAgo("ada", "bela");
                TestClient next = stage.member(0).renewed(stage)) {
            TestMember ada = stage.member(0);
            assertThat(status(ada.client)).isEqualTo(200);
            assertThat(stage.events(CertificateRenewed.class)).isEmpty();
            assertThat(status(next)).isEqualTo(200);
            assertThat(stage.events(CertificateRenewed.class))
                    .singleElement()
                    .satisfies(event -> {
                        assertThat(event.member()).isEqualTo(ada.id);
                        assertThat(event.certificate()).isEqualTo(certificateOf(stage, "ada"));
                    });
            assertThat(refusal(ada.client)).isEqualTo("CERTIFICATE_REPLACED");
            assertThat(status(next)).isEqualTo(200);
            assertThat(stage.events(CertificateRenewed.class)).hasSize(1);
            assertThat(status(stage.member(1).client)).as("nobody else is touched").isEqualTo(200);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    private static Digest certificateOf(Stage stage, String member) {
        return Optional.ofNullable(stage.state().members().get(new MemberId(member)))
                .orElseThrow()
                .certificate();
    }

    @Test
    void an_answer_that_was_lost_is_given_again_also_by_a_coordinator_that_was_started_again() {
        try (Stage stage = enrolledLongAgo("ada")) {
            TestMember ada = stage.member(0);
            RenewalReply first = ada.offer().as(200, RenewalReply.class);
            assertThat(ada.offer().as(200, RenewalReply.class)).isEqualTo(first);
            stage.restart();
            assertThat(ada.offer().as(200, RenewalReply.class)).isEqualTo(first);
            try (TestClient next = ada.renewed(stage)) {
                assertThat(status(next)).isEqualTo(200);
                stage.restart();
            }
            assertThat(refusal(ada.client)).isEqualTo("CERTIFICATE_REPLACED");
            ada.identity = ada.renewal().accept();
            ada.reconnect(stage.coordinator.address());
            assertThat(status(ada.client)).isEqualTo(200);
        }
    }

    @Test
    void a_key_that_was_lost_before_its_certificate_was_used_is_replaced_by_another() {
        try (Stage stage = enrolledLongAgo("ada")) {
            TestMember ada = stage.member(0);
            RenewalReply lost = ada.offer().as(200, RenewalReply.class);
            ada.renewal().discard();
            try (TestClient next = ada.renewed(stage)) {
                assertThat(status(next)).isEqualTo(200);
            }
            assertThat(certificateOf(stage, "ada"))
                    .isNotEqualTo(Certificates.fingerprint(Certificates.parse(lost.certificate())));
        }
    }

    @Test
    void an_offer_that_the_coordinators_disk_has_lost_counts_no_more_and_the_old_one_does()
            throws IOException {
        try (Stage stage = enrolledLongAgo("ada");
                TestClient next = stage.member(0).renewed(stage)) {
            Files.delete(stage.directory.resolve("renewals/ada.json"));
            assertThat(refusal(next)).isEqualTo("CERTIFICATE_REPLACED");
            assertThat(status(stage.member(0).client)).isEqualTo(200);
        }
    }

    @Test
    void a_revocation_makes_every_offer_void_and_so_does_a_new_token() {
        try (Stage stage = enrolledLongAgo("ada", "bela");
                TestClient thief = stage.member(0).renewed(stage);
                TestClient second = stage.member(1).renewed(stage)) {
            stage.steward
                    .post("/v1/members/ada/revocation", new RevocationRequest("stolen key"))
                    .as(200, Accepted.class);
            assertThat(refusal(thief)).isEqualTo("REVOKED");
            assertThat(stage.member(0).offer().code()).isEqualTo("REVOKED");
            try (TestMember forgiven =
                            TestMember.enrol(stage.token("ada"), folder.resolve("ada-forgiven"));
                    TestMember again =
                            TestMember.enrol(stage.token("bela"), folder.resolve("bela-again"))) {
                assertThat(refusal(thief)).isEqualTo("CERTIFICATE_REPLACED");
                assertThat(refusal(second)).isEqualTo("CERTIFICATE_REPLACED");
                assertThat(status(forgiven.client)).isEqualTo(200);
                assertThat(status(again.client)).isEqualTo(200);
            }
            assertThat(stage.events(CertificateRenewed.class)).isEmpty();
        }
    }

    @Test
    void a_certificate_is_renewed_in_the_second_half_of_its_time_and_with_a_new_key_only() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            TestMember ada = stage.member(0);
            stage.clock.advance(Duration.ofDays(412));
            assertThat(ada.offer().text()).contains("RENEWAL_NOT_DUE", "is renewed from");
            stage.clock.advance(Duration.ofDays(1));
            assertThat(ada.offer().status()).isEqualTo(200);
            KeyAndRequest inUse = KeyAndRequest.createIn(ada.folder.resolve("identity"));
            for (String bad : List.of(inUse.requestPem(), "no PEM", "")) {
                assertThat(ada.client.post("/v1/certificate", new RenewalRequest(bad)).code())
                        .isEqualTo("BAD_CERTIFICATE_REQUEST");
            }
            assertThat(stage.steward.post("/v1/certificate", new RenewalRequest("")).code())
                    .isEqualTo("MEMBERS_ONLY");
        }
    }

    @Test
    void a_certificate_that_ends_with_the_authority_is_not_renewed_for_nothing() {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            CertificateAuthority authority =
                    CertificateAuthority.open(stage.directory.resolve("ca"));
            stage.withMembers("ada");
            TestMember ada = stage.member(0);
            TlsIdentity last =
                    authority.establish(
                            folder.resolve("last"),
                            new Peer.Member(ada.id),
                            List.of(),
                            stage.clock.instant(),
                            CertificateAuthority.LIFETIME.plusDays(1));
            assertThat(last.term().isLast()).isTrue();
            assertThat(last.term().isDue(last.term().until())).isFalse();
            RenewalDesk desk =
                    new RenewalDesk(
                            stage.coordinator.ledger(),
                            authority,
                            new CertificateShelf(folder.resolve("certificates")),
                            folder.resolve("renewals"),
                            () -> last.term().until());
            assertThatThrownBy(() -> desk.renew(ada.id, last.certificate(), new RenewalRequest("")))
                    .isInstanceOfSatisfying(
                            ApiRefusal.class,
                            e -> assertThat(e.code()).isEqualTo("RENEWAL_NOT_DUE"))
                    .hasMessageContaining("no later");
        }
    }

    @Test
    void a_member_that_renews_in_the_middle_of_a_round_loses_nothing_of_it() throws IOException {
        try (Stage stage = enrolledLongAgo("ada")) {
            TestMember ada = stage.member(0);
            stage.run(1, MergeRule.fedAvg());
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            var manifest = ada.manifest(view, weights);
            byte[] envelope = ada.signed(manifest);
            var begun = ada.post(1, envelope).as(200, UploadStatus.class);
            ada.send(manifest.weights(), weights, begun.missing().subList(0, 1));
            try (TestClient next = ada.renewed(stage)) {
                assertThat(status(next)).isEqualTo(200);
            }
            ada.identity = ada.renewal().accept();
            ada.reconnect(stage.coordinator.address());
            ada.send(
                    manifest.weights(),
                    weights,
                    begun.missing().subList(1, begun.missing().size()));
            ada.seal(1, begun.contribution()).as(200, Accepted.class);
            ada.scoreWell(1);
            ada.await(1, Phase.PUBLISHED);
        }
    }

    @Test
    void the_coordinators_and_the_stewards_certificates_renew_while_connections_stay_open() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            TestMember ada = stage.member(0);
            assertThat(status(ada.client)).isEqualTo(200);
            Path directory = stage.directory;
            TlsIdentity first = TlsIdentity.open(directory.resolve("identity"));
            TlsIdentity steward = TlsIdentity.open(directory.resolve("steward"));
            // Aged on the disk, as if founded long ago: real handshakes know no other clock.
            CertificateAuthority authority = CertificateAuthority.open(directory.resolve("ca"));
            age(authority, directory.resolve("identity"), first.peer(), stage);
            age(authority, directory.resolve("steward"), steward.peer(), stage);
            stage.restart();
            TlsIdentity next = TlsIdentity.open(directory.resolve("identity"));
            assertThat(next.term().isDue(stage.clock.instant())).isFalse();
            assertThat(TlsIdentity.open(directory.resolve("steward")).certificate())
                    .isNotEqualTo(steward.certificate());
            assertThat(status(ada.client)).as("with the certificate it has").isEqualTo(200);
            assertThat(stage.token("bela")).startsWith("tapestry1.");

            age(authority, directory.resolve("identity"), first.peer(), stage);
            stage.coordinator.watch().look();
            assertThat(status(ada.client)).as("on the open connection").isEqualTo(200);
        }
    }

    private static void age(CertificateAuthority authority, Path where, Peer peer, Stage stage) {
        authority.establish(
                where,
                peer,
                peer instanceof Peer.Coordinator ? List.of("localhost", "127.0.0.1") : List.of(),
                stage.clock.instant().minus(AGO),
                Founding.CERTIFICATE_LIFETIME);
    }

    @Test
    void a_coordinator_whose_certificate_has_ended_renews_it_at_its_start() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            stage.stop();
            Path identity = stage.directory.resolve("identity");
            CertificateAuthority.open(stage.directory.resolve("ca"))
                    .establish(
                            identity,
                            new Peer.Coordinator(),
                            List.of("localhost", "127.0.0.1"),
                            stage.clock.instant().minus(AGO),
                            Duration.ofDays(1));
            assertThat(TlsProblem.ofDates(TlsIdentity.open(identity).certificate(), now(stage)))
                    .contains(TlsProblem.EXPIRED);
            stage.resume();
            assertThat(status(stage.member(0).client)).isEqualTo(200);
        }
    }

    private static Instant now(Stage stage) {
        return stage.clock.instant();
    }

    @Test
    void what_ends_within_30_days_is_shown_with_what_happens_next() {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            stage.clock.advance(Duration.ofDays(-800));
            stage.withMembers("ada", "bela");
            stage.clock.advance(Duration.ofDays(769));
            assertThat(endings(stage)).isEmpty();
            stage.clock.advance(Duration.ofDays(31));
            assertThat(endings(stage))
                    .extracting(Ending::holder)
                    .containsExactly("member/ada", "member/bela");
            assertThat(endings(stage).getFirst().next()).contains("renews it by itself");
            stage.restart();
            assertThat(endings(stage)).as("known after a restart").hasSize(2);
            try (TestClient next = stage.member(0).renewed(stage)) {
                assertThat(status(next)).isEqualTo(200);
            }
            stage.clock.advance(Duration.ofDays(26));
            assertThat(endings(stage))
                    .singleElement()
                    .satisfies(ending -> {
                        assertThat(ending.holder()).isEqualTo("member/bela");
                        assertThat(ending.next()).contains("member invite DIR bela");
                        assertThat(ending.line(now(stage))).contains("has ended at");
                    });
        }
    }

    private static List<Ending> endings(Stage stage) {
        return stage.steward.get("/v1/presence").as(200, PresenceView.class).endings();
    }

    @Test
    void the_authoritys_end_is_shown_a_year_ahead() {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            var state = stage.state();
            assertThat(Coordinator.endings(stage.directory, state, later(stage, 3284)))
                    .extracting(Ending::holder)
                    .containsExactly("coordinator", "steward");
            assertThat(Coordinator.endings(stage.directory, state, later(stage, 3286)))
                    .extracting(Ending::holder)
                    .contains("authority");
        }
    }

    private static InstantSource later(Stage stage, int days) {
        return () -> stage.clock.instant().plus(Duration.ofDays(days));
    }

    @Test
    void a_member_whose_certificate_has_ended_joins_again_and_nobody_else_is_touched() {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            stage.clock.advance(Duration.ofDays(-900));
            stage.withMembers("ada");
            stage.clock.advance(Duration.ofDays(900));
            stage.withMembers("bela");
            TestMember ended = stage.member(0);
            assertThatThrownBy(() -> ended.client.get("/v1/consortium"))
                    .isInstanceOf(UncheckedIOException.class)
                    .satisfies(e ->
                            assertThat(ended.identity.problem(e, now(stage)))
                                    .isEqualTo(TlsProblem.EXPIRED));
            try (TestMember again = TestMember.enrol(stage.token("ada"), ended.folder)) {
                assertThat(status(again.client)).isEqualTo(200);
                assertThat(status(stage.member(1).client)).isEqualTo(200);
            }
        }
    }

    @Test
    void the_steward_gets_a_new_certificate_also_when_the_old_one_is_lost_or_has_ended()
            throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            Path elsewhere = folder.resolve("stewards-laptop");
            Coordinator.issueSteward(stage.directory, elsewhere, stage.clock);
            Coordinator.issueSteward(
                    stage.directory, stage.directory.resolve("steward"), stage.clock);
            for (Path place : List.of(elsewhere, stage.directory.resolve("steward"))) {
                try (TestClient steward =
                        TestClient.of(stage.coordinator.address(), TlsIdentity.open(place))) {
                    assertThat(steward.get("/v1/presence").status()).isEqualTo(200);
                }
            }
            assertThatThrownBy(() ->
                            Coordinator.issueSteward(
                                    stage.directory,
                                    stage.directory.resolve("identity"),
                                    stage.clock))
                    .hasMessageContaining("left as it is");
        }
    }
}
