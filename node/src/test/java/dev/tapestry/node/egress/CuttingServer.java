package dev.tapestry.node.egress;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.SSLContext;

/** Takes the beginning of each request and cuts the connection. */
final class CuttingServer implements AutoCloseable {

    private final CertificateAuthority authority;
    private final HttpsServer server;

    CuttingServer(Path directory) throws IOException {
        authority = CertificateAuthority.create(directory.resolve("ca"), "Test", Instant.now());
        TlsIdentity identity =
                authority.establishCoordinator(
                        directory.resolve("identity"),
                        List.of("127.0.0.1"),
                        Instant.now(),
                        Duration.ofDays(1));
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(
                new HttpsConfigurator(identity.server()) {
                    @Override
                    public void configure(HttpsParameters parameters) {
                        parameters.setSSLParameters(TlsIdentity.serverParameters());
                    }
                });
        server.createContext(
                "/",
                exchange -> {
                    exchange.getRequestBody().readNBytes(10);
                    exchange.close();
                });
        server.start();
    }

    URI address() {
        return URI.create("https://127.0.0.1:" + server.getAddress().getPort());
    }

    SSLContext client() {
        return TlsIdentity.firstContact(authority.fingerprint());
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
