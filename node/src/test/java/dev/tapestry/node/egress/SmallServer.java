package dev.tapestry.node.egress;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.Peer;
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

    private static final Duration DAY = Duration.ofDays(1);

    private final Path directory;
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
        return new SmallServer(directory, handler, Instant.now(), DAY, false);
    }

    /** Its certificate was issued then, for a day. */
    static SmallServer issued(Path directory, HttpHandler handler, Instant then)
            throws IOException {
        return issued(directory, handler, then, DAY);
    }

    /** The same for another time. */
    static SmallServer issued(Path directory, HttpHandler handler, Instant then, Duration validity)
            throws IOException {
        return new SmallServer(directory, handler, then, validity, true);
    }

    /** Treats every request as {@code handler} does, on a thread of its own. */
    SmallServer(Path directory, HttpHandler handler) throws IOException {
        this(directory, handler, Instant.now(), DAY, true);
    }

    private SmallServer(
            Path directory, HttpHandler handler, Instant issued, Duration validity, boolean here)
            throws IOException {
        this.directory = directory;
        reserved.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        address = (InetSocketAddress) reserved.getLocalSocketAddress();
        authority = CertificateAuthority.create(directory.resolve("ca"), "Test", Instant.now());
        TlsIdentity identity =
                authority.establishCoordinator(
                        directory.resolve("identity"), List.of("127.0.0.1"), issued, validity);
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

    Digest authority() {
        return authority.fingerprint();
    }

    /** A member's identity that was issued then, for a day. */
    TlsIdentity member(Instant then) {
        Path home = directory.resolve("member");
        return TlsIdentity.install(
                home,
                authority.issue(
                        KeyAndRequest.createIn(home).requestPem(),
                        new Peer.Member(new MemberId("kyoto")),
                        List.of(),
                        then,
                        DAY),
                authority.certificate());
    }

    @Override
    public void close() throws IOException {
        threads.shutdownNow();
        server.stop(0);
        reserved.close();
    }
}
