package dev.tapestry.trust.certificate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real handshakes over loopback, good ones and one for each way to be wrong. */
class TlsIdentityTest {

    private static final Duration YEAR = Duration.ofDays(365);
    private static final String HOST = "coordinator.example";

    @TempDir Path directory;
    private final Instant now = Instant.now();

    private CertificateAuthority authority(String name) {
        return CertificateAuthority.create(directory.resolve(name), name, now);
    }

    private TlsIdentity coordinator(CertificateAuthority ca) {
        return ca.establishCoordinator(
                directory.resolve("coordinator" + ca.fingerprint().abbreviated()),
                List.of(HOST, "127.0.0.1"),
                now,
                YEAR);
    }

    private TlsIdentity member(
            CertificateAuthority ca, String id, Instant from, Duration validity) {
        Path home = directory.resolve(id + ca.fingerprint().abbreviated());
        String request = KeyAndRequest.createIn(home).requestPem();
        return TlsIdentity.install(
                home,
                ca.issue(request, new Peer.Member(new MemberId(id)), List.of(), from, validity),
                ca.certificate());
    }

    @Test
    void a_member_and_the_coordinator_meet_over_tls_1_3_and_know_each_other() throws IOException {
        CertificateAuthority ca = authority("consortium");
        Handshake met =
                meet(coordinator(ca).server(), member(ca, "kyoto", now, YEAR).client(), HOST);
        assertThat(met.clientFailure()).isEmpty();
        assertThat(met.protocol()).isEqualTo("TLSv1.3");
        assertThat(met.seen().map(Peer::of)).contains(new Peer.Member(new MemberId("kyoto")));
    }

    @Test
    void who_has_no_certificate_yet_is_let_in_and_pins_the_authority() throws IOException {
        CertificateAuthority ca = authority("consortium");
        Handshake met =
                meet(coordinator(ca).server(), TlsIdentity.firstContact(ca.fingerprint()), HOST);
        assertThat(met.clientFailure()).isEmpty();
        assertThat(met.seen()).isEmpty();
    }

    @Test
    void a_first_contact_with_another_authority_is_refused() throws IOException {
        CertificateAuthority ca = authority("consortium");
        SSLContext first = TlsIdentity.firstContact(Digest.of(new byte[] {1}));
        assertRefused(meet(coordinator(ca).server(), first, HOST), TlsProblem.WRONG_AUTHORITY);
    }

    @Test
    void a_first_contact_that_a_member_intercepts_is_refused() throws IOException {
        CertificateAuthority ca = authority("consortium");
        SSLContext posing = member(ca, "coordinator", now, YEAR).server();
        assertRefused(
                meet(posing, TlsIdentity.firstContact(ca.fingerprint()), HOST),
                TlsProblem.WRONG_ROLE);
    }

    @Test
    void a_member_that_poses_as_the_coordinator_is_refused() throws IOException {
        CertificateAuthority ca = authority("consortium");
        SSLContext posing = member(ca, "mallory", now, YEAR).server();
        assertRefused(
                meet(posing, member(ca, "kyoto", now, YEAR).client(), HOST), TlsProblem.WRONG_ROLE);
    }

    @Test
    void another_consortium_with_the_same_name_is_refused() throws IOException {
        CertificateAuthority ours = authority("consortium");
        CertificateAuthority theirs =
                CertificateAuthority.create(directory.resolve("theirs"), "consortium", now);
        SSLContext client = member(ours, "kyoto", now, YEAR).client();
        assertRefused(meet(coordinator(theirs).server(), client, HOST), TlsProblem.WRONG_AUTHORITY);
    }

    @Test
    void a_host_name_that_the_certificate_does_not_have_is_refused() throws IOException {
        CertificateAuthority ca = authority("consortium");
        SSLContext server = coordinator(ca).server();
        SSLContext client = member(ca, "kyoto", now, YEAR).client();
        assertRefused(meet(server, client, "elsewhere.example"), TlsProblem.WRONG_HOST);
        assertRefused(meet(server, client, "127.0.0.2"), TlsProblem.WRONG_HOST);
        assertThat(meet(server, client, "127.0.0.1").clientFailure()).isEmpty();
    }

    @Test
    void a_client_that_does_not_check_host_names_is_refused_by_itself() throws IOException {
        CertificateAuthority ca = authority("consortium");
        SSLParameters careless = new SSLParameters();
        careless.setProtocols(new String[] {"TLSv1.3"});
        Handshake met =
                Handshake.between(
                        coordinator(ca).server(),
                        member(ca, "kyoto", now, YEAR).client(),
                        careless,
                        HOST);
        assertThat(met.clientFailure().orElseThrow()).hasStackTraceContaining("switched");
    }

    @Test
    void an_expired_and_a_future_server_certificate_are_told_apart() throws IOException {
        CertificateAuthority ca = authority("consortium");
        SSLContext client = member(ca, "kyoto", now, YEAR).client();
        TlsIdentity expired =
                ca.establishCoordinator(
                        directory.resolve("expired"),
                        List.of(HOST),
                        now.minus(Duration.ofDays(9)),
                        Duration.ofDays(1));
        assertRefused(meet(expired.server(), client, HOST), TlsProblem.EXPIRED);
        assertThat(TlsProblem.ofDates(expired.certificate(), now)).contains(TlsProblem.EXPIRED);
        TlsIdentity future =
                ca.establishCoordinator(
                        directory.resolve("future"), List.of(HOST), now.plus(YEAR), YEAR);
        assertRefused(meet(future.server(), client, HOST), TlsProblem.NOT_YET_VALID);
        assertThat(TlsProblem.ofDates(future.certificate(), now))
                .contains(TlsProblem.NOT_YET_VALID);
    }

    @Test
    void a_coordinator_whose_certificate_has_ended_can_be_asked_for_its_clock_by_nobody()
            throws IOException {
        CertificateAuthority ca = authority("consortium");
        TlsIdentity member = member(ca, "kyoto", now, YEAR);
        Instant then = now.minus(Duration.ofDays(9));
        TlsIdentity ended =
                ca.establishCoordinator(
                        directory.resolve("ended"), List.of(HOST), then, Duration.ofDays(1));
        ClockProbe probe = ClockProbe.of(member, Optional.empty());
        Handshake met = meet(ended.server(), probe.context(), HOST);
        assertThat(met.clientFailure()).isEmpty();
        assertThat(met.seen()).as("it shows no certificate").isEmpty();
        assertThat(probe.cause(now, now)).as("the clocks agree: it has ended").isEmpty();
        assertThat(probe.cause(now, then.plusSeconds(60)))
                .as("by both clocks something has ended, or not begun")
                .isEmpty();
        ClockProbe first = ClockProbe.firstContact(ca.fingerprint());
        assertThat(meet(ended.server(), first.context(), HOST).clientFailure()).isEmpty();
        assertThat(first.cause(now, then.plusSeconds(60)))
                .contains(new ClockSkew(Duration.ofDays(9).minusSeconds(60)));
    }

    @Test
    void who_is_asked_for_a_clock_must_be_the_coordinator_in_all_but_the_dates()
            throws IOException {
        CertificateAuthority ca = authority("consortium");
        SSLContext probe =
                ClockProbe.of(member(ca, "kyoto", now, YEAR), Optional.empty()).context();
        Instant then = now.minus(Duration.ofDays(9));
        assertRefused(
                meet(member(ca, "mallory", then, Duration.ofDays(1)).server(), probe, HOST),
                TlsProblem.WRONG_ROLE);
        assertRefused(
                meet(coordinator(authority("other")).server(), probe, HOST),
                TlsProblem.WRONG_AUTHORITY);
        assertRefused(
                meet(coordinator(ca).server(), probe, "elsewhere.example"), TlsProblem.WRONG_HOST);
        SSLContext moved =
                ClockProbe.of(
                                member(ca, "osaka", now, YEAR),
                                Optional.of(Digest.of(new byte[] {1})))
                        .context();
        assertRefused(meet(coordinator(ca).server(), moved, HOST), TlsProblem.WRONG_ROLE);
    }

    @Test
    void an_expired_member_is_refused_by_the_coordinator_with_the_reason() throws IOException {
        CertificateAuthority ca = authority("consortium");
        TlsIdentity late = member(ca, "late", now.minus(YEAR), Duration.ofDays(1));
        Handshake met = meet(coordinator(ca).server(), late.client(), HOST);
        assertThat(TlsProblem.of(met.serverFailure().orElseThrow())).isEqualTo(TlsProblem.EXPIRED);
        assertThat(met.clientFailure()).isPresent();
    }

    /** The other end says only that it refuses, or nothing at all; one's own dates say why. */
    @RepeatedTest(10)
    void a_member_with_dates_that_do_not_fit_is_refused_and_knows_it_itself() throws IOException {
        CertificateAuthority ca = authority("consortium");
        SSLContext server = coordinator(ca).server();
        TlsIdentity late = member(ca, "late", now.minus(YEAR), Duration.ofDays(1));
        TlsIdentity early = member(ca, "early", now.plus(YEAR), YEAR);
        assertTold(meet(server, late.client(), HOST), late, TlsProblem.EXPIRED);
        assertTold(meet(server, early.client(), HOST), early, TlsProblem.NOT_YET_VALID);
    }

    private void assertTold(Handshake met, TlsIdentity own, TlsProblem problem) {
        assertThat(TlsProblem.of(met.serverFailure().orElseThrow())).isEqualTo(problem);
        IOException seen = met.clientFailure().orElseThrow();
        assertThat(TlsProblem.of(seen)).isIn(TlsProblem.REFUSED_BY_PEER, TlsProblem.OTHER);
        assertThat(own.problem(seen, now)).isEqualTo(problem);
    }

    @Test
    void dates_explain_a_connection_that_broke_and_none_that_never_was() {
        CertificateAuthority ca = authority("consortium");
        TlsIdentity late = member(ca, "late", now.minus(YEAR), Duration.ofDays(1));
        TlsIdentity sound = member(ca, "kyoto", now, YEAR);
        IOException broken = new SocketException("Broken pipe");
        assertThat(late.problem(broken, now)).isEqualTo(TlsProblem.EXPIRED);
        assertThat(sound.problem(broken, now)).isEqualTo(TlsProblem.OTHER);
        for (IOException away :
                List.of(
                        new ConnectException("refused"),
                        new NoRouteToHostException("none"),
                        new UnknownHostException("nowhere"),
                        new SocketTimeoutException("silence"))) {
            assertThat(late.problem(new IOException("calling", away), now))
                    .isEqualTo(TlsProblem.OTHER);
        }
    }

    /** A context that shows one identity and believes the authority of another. */
    private static SSLContext showing(TlsIdentity shown, TlsIdentity believing) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("any", shown.key(), new char[0], new Certificate[] {shown.certificate()});
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(store, new char[0]);
        X509ExtendedKeyManager any = (X509ExtendedKeyManager) keys.getKeyManagers()[0];
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(
                new KeyManager[] {new ShowsWhatNobodyAskedFor(any)},
                new TrustManager[] {PeerTrust.of(believing.authority())},
                null);
        return context;
    }

    @RepeatedTest(10)
    void a_certificate_of_another_consortium_or_of_nobody_is_refused_by_the_server()
            throws Exception {
        CertificateAuthority ca = authority("consortium");
        TlsIdentity ours = member(ca, "kyoto", now, YEAR);
        TlsIdentity stranger = member(authority("other"), "kyoto", now, YEAR);
        Handshake met = meet(coordinator(ca).server(), showing(stranger, ours), HOST);
        assertThat(TlsProblem.of(met.serverFailure().orElseThrow()))
                .isEqualTo(TlsProblem.WRONG_AUTHORITY);
        assertThat(stranger.problem(met.clientFailure().orElseThrow(), now))
                .as("its dates are right: nothing false is said of them")
                .isIn(TlsProblem.REFUSED_BY_PEER, TlsProblem.OTHER);
    }

    @Test
    void a_server_shows_another_certificate_to_who_comes_later_and_keeps_who_is_there()
            throws Exception {
        CertificateAuthority ca = authority("consortium");
        ServerIdentity server = new ServerIdentity(coordinator(ca));
        TlsIdentity member = member(ca, "kyoto", now, YEAR);
        assertThat(meet(server.context(), member.client(), HOST).clientFailure()).isEmpty();
        TlsIdentity ended =
                ca.establishCoordinator(
                        directory.resolve("ended"),
                        List.of(HOST),
                        now.minus(Duration.ofDays(9)),
                        Duration.ofDays(1));
        server.show(ended);
        assertRefused(meet(server.context(), member.client(), HOST), TlsProblem.EXPIRED);
        server.show(coordinator(ca));
        assertThat(meet(server.context(), member.client(), HOST).clientFailure()).isEmpty();
        assertThatThrownBy(() -> server.show(coordinator(authority("other"))))
                .hasMessageContaining("another authority");
    }

    @Test
    void an_alert_that_names_its_reason_is_told_by_it() {
        assertThat(TlsProblem.of(alert("certificate_expired"))).isEqualTo(TlsProblem.EXPIRED);
        assertThat(TlsProblem.of(alert("certificate_revoked"))).isEqualTo(TlsProblem.REVOKED);
        assertThat(TlsProblem.of(alert("unknown_ca"))).isEqualTo(TlsProblem.WRONG_AUTHORITY);
        assertThat(TlsProblem.of(alert("certificate_required")))
                .isEqualTo(TlsProblem.CERTIFICATE_MISSING);
        assertThat(TlsProblem.of(new IOException("a cable"))).isEqualTo(TlsProblem.OTHER);
    }

    private static IOException alert(String name) {
        return new IOException(
                "reading", new SSLHandshakeException("Received fatal alert: " + name));
    }

    @Test
    void a_strangers_certificate_never_reaches_the_routes() throws IOException {
        CertificateAuthority ours = authority("consortium");
        TlsIdentity stranger = member(authority("other"), "kyoto", now, YEAR);
        Handshake met = meet(coordinator(ours).server(), stranger.client(), HOST);
        assertThat(met.seen()).isEmpty();
        assertThat(met.clientFailure()).isPresent();
    }

    /** The client of the JDK checks through an engine, not a socket. */
    @Test
    void the_http_client_is_held_to_the_same_rules() throws Exception {
        CertificateAuthority ca = authority("consortium");
        TlsIdentity coordinator = coordinator(ca);
        HttpsServer server =
                HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(
                new HttpsConfigurator(coordinator.server()) {
                    @Override
                    public void configure(HttpsParameters parameters) {
                        parameters.setSSLParameters(TlsIdentity.serverParameters());
                    }
                });
        server.createContext(
                "/",
                exchange -> {
                    exchange.sendResponseHeaders(200, 5);
                    exchange.getResponseBody().write("hello".getBytes(UTF_8));
                    exchange.close();
                });
        server.start();
        int port = server.getAddress().getPort();
        try (HttpClient client =
                HttpClient.newBuilder()
                        .sslContext(member(ca, "kyoto", now, YEAR).client())
                        .sslParameters(TlsIdentity.clientParameters())
                        .build()) {
            assertThat(call(client, "https://127.0.0.1:" + port)).isEqualTo("hello");
            assertThatThrownBy(() -> call(client, "https://localhost:" + port))
                    .satisfies(e -> assertThat(TlsProblem.of(e)).isEqualTo(TlsProblem.WRONG_HOST));
        } finally {
            server.stop(0);
        }
    }

    private static String call(HttpClient client, String address) throws Exception {
        return client.send(
                        HttpRequest.newBuilder(URI.create(address))
                                .timeout(Duration.ofMinutes(1))
                                .build(),
                        BodyHandlers.ofString())
                .body();
    }

    private static Handshake meet(SSLContext server, SSLContext client, String host)
            throws IOException {
        return Handshake.between(server, client, TlsIdentity.clientParameters(), host);
    }

    private static void assertRefused(Handshake handshake, TlsProblem problem) {
        assertThat(handshake.clientFailure()).isPresent();
        assertThat(TlsProblem.of(handshake.clientFailure().orElseThrow())).isEqualTo(problem);
        assertThat(handshake.clientFailure().orElseThrow())
                .hasStackTraceContaining(problem.advice());
    }
}
