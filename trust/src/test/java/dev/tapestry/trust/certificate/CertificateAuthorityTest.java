package dev.tapestry.trust.certificate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.Mutations;
import dev.tapestry.trust.Pem;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthorityTest {

    private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
    private static final Duration YEAR = Duration.ofDays(365);
    private static final Peer KYOTO = new Peer.Member(new MemberId("kyoto"));

    @TempDir Path directory;
    private Path home = Path.of("");
    private String request = "";

    private CertificateAuthority authority() {
        Path at = directory.resolve("ca");
        return Files.exists(at)
                ? CertificateAuthority.open(at)
                : CertificateAuthority.create(at, "Consortium, of \"friends\"", NOW);
    }

    @BeforeEach
    void a_request() {
        home = directory.resolve("kyoto");
        request = KeyAndRequest.createIn(home).requestPem();
    }

    @Test
    void a_certificate_says_who_its_holder_is_from_when_and_for_what() throws Exception {
        X509Certificate issued = authority().issue(request, KYOTO, List.of(), NOW, YEAR);
        assertThat(Peer.of(issued)).isEqualTo(KYOTO);
        assertThat(issued.getNotBefore().toInstant())
                .isEqualTo(NOW.minus(CertificateAuthority.CLOCK_SKEW));
        assertThat(Certificates.expiry(issued)).isEqualTo(NOW.plus(YEAR));
        assertThat(issued.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
        assertThat(issued.getBasicConstraints()).isEqualTo(-1);
        assertThat(issued.getSerialNumber().signum()).isPositive();
        Certificates.requireIssued(issued, authority().certificate());
    }

    @Test
    void a_member_called_coordinator_is_still_a_member() {
        Peer named = new Peer.Member(new MemberId("coordinator"));
        assertThat(Peer.of(authority().issue(request, named, List.of(), NOW, YEAR)))
                .isEqualTo(named);
        assertThat(Peer.of(authority().issue(request, new Peer.Steward(), List.of(), NOW, YEAR)))
                .isEqualTo(new Peer.Steward());
    }

    @Test
    void no_certificate_outlives_the_authority() {
        X509Certificate issued =
                authority().issue(request, KYOTO, List.of(), NOW, Duration.ofDays(99_999));
        assertThat(issued.getNotAfter()).isEqualTo(authority().certificate().getNotAfter());
    }

    @Test
    void secrets_are_the_owners_and_are_refused_when_others_can_reach_them() throws IOException {
        authority();
        for (Path secret : List.of(home.resolve("key.pem"), directory.resolve("ca/ca-key.pem"))) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
                    .isEqualTo("rw-------");
        }
        Files.setPosixFilePermissions(
                directory.resolve("ca/ca-key.pem"), PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThatThrownBy(this::authority).satisfies(hasCode(Code.KEY_EXPOSED));
    }

    @Test
    void an_authority_is_founded_once() {
        authority();
        assertThatThrownBy(() -> CertificateAuthority.create(directory.resolve("ca"), "again", NOW))
                .hasMessageContaining("never overwritten");
    }

    @Test
    void a_request_that_was_cut_off_is_repeated_with_the_same_key() {
        assertThat(KeyAndRequest.createIn(home).requestPem()).isEqualTo(request);
    }

    @Test
    void a_certificate_for_another_key_is_not_installed() {
        String other = KeyAndRequest.createIn(directory.resolve("lima")).requestPem();
        X509Certificate issued = authority().issue(other, KYOTO, List.of(), NOW, YEAR);
        assertThatThrownBy(() -> TlsIdentity.install(home, issued, authority().certificate()))
                .satisfies(hasCode(Code.CERTIFICATE_REFUSED));
        assertThat(TlsIdentity.isIn(home)).isFalse();
    }

    @Test
    void an_answer_with_another_authority_than_the_tokens_is_not_installed() {
        CertificateAuthority ca = authority();
        String certificate = Certificates.pem(ca.issue(request, KYOTO, List.of(), NOW, YEAR));
        String own = Certificates.pem(ca.certificate());
        assertThatThrownBy(() ->
                        TlsIdentity.installEnrolled(home, certificate, own, Digest.of(new byte[1])))
                .satisfies(hasCode(Code.CERTIFICATE_REFUSED));
        assertThat(TlsIdentity.installEnrolled(home, certificate, own, ca.fingerprint()).peer())
                .isEqualTo(KYOTO);
        assertThat(TlsIdentity.open(home).peer()).isEqualTo(KYOTO);
    }

    @Test
    void requests_with_a_key_on_another_curve_or_somebody_elses_key_are_refused() throws Exception {
        KeyPairGenerator ec = KeyPairGenerator.getInstance("EC");
        ec.initialize(new ECGenParameterSpec("secp384r1"));
        KeyPair other = ec.generateKeyPair();
        assertThatThrownBy(() -> issue(requestOf(other, other)))
                .satisfies(hasCode(Code.REQUEST_REFUSED))
                .hasMessageContaining("P-256");
        assertThatThrownBy(() -> issue(requestOf(EcKeys.generate(), EcKeys.generate())))
                .satisfies(hasCode(Code.REQUEST_REFUSED))
                .hasMessageContaining("not made with its own key");
    }

    @Test
    void hosts_that_are_none_are_refused() {
        for (String bad : List.of("", "a b", "-x", "x/y", "1.2.3.999")) {
            assertThatThrownBy(() ->
                            authority()
                                    .issue(
                                            request,
                                            new Peer.Coordinator(),
                                            List.of(bad),
                                            NOW,
                                            YEAR))
                    .as(bad)
                    .satisfies(hasCode(Code.REQUEST_REFUSED));
        }
        authority()
                .issue(
                        request,
                        new Peer.Coordinator(),
                        List.of("localhost", "::1", "10.0.0.1", "a.b-c.example"),
                        NOW,
                        YEAR);
    }

    @Test
    void spoilt_requests_and_certificates_are_refused_and_nothing_else_happens() {
        CertificateAuthority ca = authority();
        Mutations.onlyTrustExceptions(
                17,
                300,
                Pem.decode("CERTIFICATE REQUEST", request),
                der -> Issuance.requestedKey(Pem.encode("CERTIFICATE REQUEST", der)));
        byte[] der =
                Pem.decode(
                        "CERTIFICATE",
                        Certificates.pem(ca.issue(request, KYOTO, List.of(), NOW, YEAR)));
        Mutations.onlyTrustExceptions(
                18,
                300,
                der,
                spoilt -> {
                    X509Certificate read = Certificates.parse(Pem.encode("CERTIFICATE", spoilt));
                    Peer.of(read);
                    Certificates.requireIssued(read, ca.certificate());
                });
        Mutations.onlyTrustExceptions(
                19,
                300,
                request.getBytes(UTF_8),
                pem -> Issuance.requestedKey(new String(pem, UTF_8)));
    }

    private X509Certificate issue(String pem) {
        return authority().issue(pem, KYOTO, List.of(), NOW, YEAR);
    }

    private static String requestOf(KeyPair subject, KeyPair signer) throws Exception {
        return Pem.encode(
                "CERTIFICATE REQUEST",
                new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=x"), subject.getPublic())
                        .build(
                                new JcaContentSignerBuilder("SHA256withECDSA")
                                        .build(signer.getPrivate()))
                        .getEncoded());
    }

    private static Consumer<Throwable> hasCode(Code code) {
        return failure ->
                assertThat(failure)
                        .isInstanceOfSatisfying(
                                TrustException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
