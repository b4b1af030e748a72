package dev.tapestry.app.steward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StewardClientTest {

    @TempDir Path directory;

    @Test
    void who_answers_but_is_not_of_this_consortium_is_not_told_to_be_started() throws IOException {
        HttpsServer other = server(identity("other"));
        try (StewardClient steward = new StewardClient(address(other), identity("mine"))) {
            assertThatThrownBy(steward::consortium)
                    .isInstanceOfSatisfying(
                            StewardException.class, e -> assertThat(e.code()).isEqualTo("TLS"))
                    .hasMessageContaining("not issued by this consortium's authority");
        } finally {
            other.stop(0);
        }
    }

    @Test
    void where_nobody_listens_the_coordinator_is_to_be_started() throws IOException {
        HttpsServer gone = server(identity("gone"));
        gone.stop(0);
        try (StewardClient steward = new StewardClient(address(gone), identity("mine"), "loom")) {
            assertThatThrownBy(steward::consortium)
                    .isInstanceOf(StewardException.class)
                    .hasMessageContaining("does not answer")
                    .hasMessageContaining("nothing listens there")
                    .hasMessageContaining("'tapestry coordinator start loom'");
        }
    }

    @Test
    void a_coordinator_that_takes_no_connection_in_time_may_be_busy() throws IOException {
        // It listens, and nobody ever takes what comes: the handshake has no end.
        try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                StewardClient steward =
                        new StewardClient(
                                URI.create("https://127.0.0.1:" + busy.getLocalPort()),
                                identity("mine"),
                                "loom",
                                Duration.ofMillis(300),
                                Duration.ofMillis(300))) {
            assertThatThrownBy(steward::consortium)
                    .isInstanceOf(StewardException.class)
                    .hasMessageContaining("does not answer in time")
                    .hasMessageContaining("it may be busy");
        }
    }

    @Test
    void a_name_that_leads_nowhere_is_told_apart() {
        try (StewardClient steward =
                new StewardClient(URI.create("https://loom.invalid:8443"), identity("mine"))) {
            assertThatThrownBy(steward::consortium)
                    .isInstanceOf(StewardException.class)
                    .hasMessageContaining("its name is not known on this machine");
        }
    }

    /** An identity that an authority of its own issued. */
    private TlsIdentity identity(String name) {
        return CertificateAuthority.create(directory.resolve(name + "-ca"), name, Instant.now())
                .establishCoordinator(
                        directory.resolve(name),
                        List.of("127.0.0.1"),
                        Instant.now(),
                        Duration.ofDays(1));
    }

    private static HttpsServer server(TlsIdentity identity) throws IOException {
        HttpsServer server =
                HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(
                new HttpsConfigurator(identity.server()) {
                    @Override
                    public void configure(HttpsParameters parameters) {
                        parameters.setSSLParameters(TlsIdentity.serverParameters());
                    }
                });
        server.start();
        return server;
    }

    private static URI address(HttpsServer server) {
        return URI.create("https://127.0.0.1:" + server.getAddress().getPort());
    }
}
