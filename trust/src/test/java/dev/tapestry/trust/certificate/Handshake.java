package dev.tapestry.trust.certificate;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/**
 * One TLS connection over loopback with one byte each way, and what came of it at either end.
 *
 * @param protocol that was agreed on, or nothing
 * @param seen the client's certificate as the server saw it
 * @param serverFailure what the server threw
 * @param clientFailure what the client threw
 */
record Handshake(
        String protocol,
        Optional<X509Certificate> seen,
        Optional<IOException> serverFailure,
        Optional<IOException> clientFailure) {

    private static final int PATIENCE_MILLIS = 20_000;

    private record ServerEnd(Optional<X509Certificate> seen, Optional<IOException> failure) {}

    /** Connects to {@code host}, which stands for loopback whatever it is. */
    static Handshake between(
            SSLContext server, SSLContext client, SSLParameters clientParameters, String host)
            throws IOException {
        try (SSLServerSocket listener =
                (SSLServerSocket)
                        server.getServerSocketFactory()
                                .createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            listener.setSSLParameters(TlsIdentity.serverParameters());
            listener.setSoTimeout(PATIENCE_MILLIS);
            CompletableFuture<ServerEnd> end = new CompletableFuture<>();
            Thread.startVirtualThread(() -> end.complete(serve(listener)));
            String protocol = "";
            Optional<IOException> failure = Optional.empty();
            try (Socket plain =
                            new Socket(InetAddress.getLoopbackAddress(), listener.getLocalPort());
                    SSLSocket socket =
                            (SSLSocket)
                                    client.getSocketFactory()
                                            .createSocket(
                                                    plain, host, listener.getLocalPort(), true)) {
                socket.setSSLParameters(clientParameters);
                socket.setSoTimeout(PATIENCE_MILLIS);
                socket.startHandshake();
                socket.getOutputStream().write(1);
                socket.getInputStream().read(); // TLS 1.3: a refusal arrives only here
                protocol = socket.getSession().getProtocol();
            } catch (IOException e) {
                failure = Optional.of(e);
            }
            ServerEnd served = end.orTimeout(1, TimeUnit.MINUTES).join();
            return new Handshake(protocol, served.seen(), served.failure(), failure);
        }
    }

    private static ServerEnd serve(SSLServerSocket listener) {
        Optional<X509Certificate> seen = Optional.empty();
        try (SSLSocket socket = (SSLSocket) listener.accept()) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.startHandshake();
            try {
                seen = Optional.of((X509Certificate) socket.getSession().getPeerCertificates()[0]);
            } catch (SSLPeerUnverifiedException _) {
                // The client showed none.
            }
            if (socket.getInputStream().read() < 0) {
                throw new SSLException("the client went away");
            }
            socket.getOutputStream().write(2);
            return new ServerEnd(seen, Optional.empty());
        } catch (IOException e) {
            return new ServerEnd(seen, Optional.of(e));
        }
    }
}
