package dev.tapestry.node.egress;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;

/** A coordinator that is nothing but its TLS and one way to treat requests. */
final class SmallServer implements AutoCloseable {

    private final CertificateAuthority authority;
    private final HttpsServer server = HttpsServer.create();
    private final InetSocketAddress address;

    /** Keeps the address, at which nobody answers, until the server listens. */
    private final Socket reserved = new Socket();

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    /** Takes the beginning of each request and cuts the connection. */
    static SmallServer cutting(Path directory) throws IOException {
        return new SmallServer(
                directory,
                exchange -> {
                    exchange.getRequestBody().readNBytes(10);
                    exchange.close();
                });
    }

    /** Is away: it answers once it {@link #comes}. */
    static SmallServer away(Path directory, HttpHandler handler) throws IOException {
        return new SmallServer(directory, handler, false);
    }

    /** Treats every request as {@code handler} does, on a thread of its own. */
    SmallServer(Path directory, HttpHandler handler) throws IOException {
        this(directory, handler, true);
    }

    private SmallServer(Path directory, HttpHandler handler, boolean here) throws IOException {
        reserved.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        address = (InetSocketAddress) reserved.getLocalSocketAddress();
        authority = CertificateAuthority.create(directory.resolve("ca"), "Test", Instant.now());
        TlsIdentity identity =
                authority.establishCoordinator(
                        directory.resolve("identity"),
                        List.of("127.0.0.1"),
                        Instant.now(),
                        Duration.ofDays(1));
        server.setHttpsConfigurator(
                new HttpsConfigurator(identity.server()) {
                    @Override
                    public void configure(HttpsParameters parameters) {
                        parameters.setSSLParameters(TlsIdentity.serverParameters());
                    }
                });
        server.setExecutor(threads);
        server.createContext("/", handler);
        if (here) {
            comes();
        }
    }

    /** Listens from now on. */
    void comes() throws IOException {
        reserved.close();
        server.bind(address, 0);
        server.start();
    }

    URI address() {
        return URI.create("https://127.0.0.1:" + address.getPort());
    }

    SSLContext client() {
        return TlsIdentity.firstContact(authority.fingerprint());
    }

    @Override
    public void close() throws IOException {
        threads.shutdownNow();
        server.stop(0);
        reserved.close();
    }
}
