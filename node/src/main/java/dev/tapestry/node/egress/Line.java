package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.certificate.ClockProbe;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.certificate.TlsProblem;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.io.CloseMode;

/**
 * Connections on which the node shows one certificate. When it shows another on another line, what
 * is under way here is finished first; no new message begins here. Thread-safe.
 */
final class Line {

    private final CloseableHttpClient client;
    private final Optional<HttpProxy> proxy;
    private final Function<IOException, TlsProblem> diagnosis;
    private final Optional<Supplier<ClockProbe>> probe;
    private int underWay;
    private boolean retired;

    private Line(
            SSLContext tls,
            Optional<HttpProxy> proxy,
            Function<IOException, TlsProblem> diagnosis,
            Optional<Supplier<ClockProbe>> probe) {
        this.probe = probe;
        this.client = HttpConnections.client(tls, proxy);
        this.proxy = proxy;
        this.diagnosis = diagnosis;
    }

    static Line with(SSLContext tls, Optional<HttpProxy> proxy) {
        return new Line(tls, proxy, TlsProblem::of, Optional.empty());
    }

    /** Shows nothing, to a coordinator of the authority with this fingerprint. */
    static Line firstContact(Digest authority, Optional<HttpProxy> proxy) {
        return new Line(
                TlsIdentity.firstContact(authority),
                proxy,
                TlsProblem::of,
                Optional.of(() -> ClockProbe.firstContact(authority)));
    }

    /** Shows an identity to a coordinator that has this key, where it is known. */
    static Line showing(
            TlsIdentity identity, Optional<Digest> coordinatorKey, Optional<HttpProxy> proxy) {
        // Handshakes know no other clock than the system's.
        return new Line(
                identity.client(coordinatorKey),
                proxy,
                failure -> identity.problem(failure, Instant.now()),
                Optional.of(() -> ClockProbe.of(identity, coordinatorKey)));
    }

    /** Begins a message here; false where the line is retired. */
    synchronized boolean enter() {
        if (!retired) {
            underWay++;
        }
        return !retired;
    }

    /** A message has ended. */
    synchronized void leave() {
        underWay--;
        closeWhenDone();
    }

    /** Takes no more messages and closes with the last one. */
    synchronized void retire() {
        retired = true;
        closeWhenDone();
    }

    private void closeWhenDone() {
        if (retired && underWay == 0) {
            close();
        }
    }

    /** The way that it takes, where it is not a direct one. */
    Optional<HttpProxy> proxy() {
        return proxy;
    }

    CloseableHttpClient client() {
        return client;
    }

    /** What a failure says of the two ends' certificates. */
    TlsProblem problem(IOException failure) {
        return diagnosis.apply(failure);
    }

    /** How the coordinator is asked for its clock where dates do not fit. */
    Optional<ClockProbe> probe() {
        return probe.map(Supplier::get);
    }

    /** Drops all connections. */
    void close() {
        client.close(CloseMode.IMMEDIATE);
    }
}
