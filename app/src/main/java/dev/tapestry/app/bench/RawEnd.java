package dev.tapestry.app.bench;

import dev.tapestry.app.bench.RawStreams.Carried;
import dev.tapestry.app.bench.RawStreams.Connection;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/**
 * An end of raw streams in a process of a benchmark, that does what it is told in words.
 *
 * @param identity for streams with TLS
 * @param host where the coordinator listens
 */
record RawEnd(TlsIdentity identity, String host) {

    /**
     * What one end does.
     *
     * @param tls as between a node and its coordinator, or plain
     * @param receives or else it sends
     * @param streams at a time
     * @param time for which the receiver counts
     */
    record Order(boolean tls, boolean receives, int streams, Duration time) {

        String words() {
            return "raw %b %b %d %d".formatted(tls, receives, streams, time.toNanos());
        }

        static Order of(List<String> words) {
            return new Order(
                    Boolean.parseBoolean(words.get(1)),
                    Boolean.parseBoolean(words.get(2)),
                    Integer.parseInt(words.get(3)),
                    Duration.ofNanos(Long.parseLong(words.get(4))));
        }

        /** What the other end is told. */
        Order opposite() {
            return new Order(tls, !receives, streams, time);
        }
    }

    static RawEnd of(TlsIdentity identity, String host) {
        return new RawEnd(identity, host);
    }

    /** Where the other end connects to. */
    ServerSocket listen(boolean tls) throws IOException {
        if (!tls) {
            ServerSocket plain = new ServerSocket();
            plain.bind(new InetSocketAddress(host, 0), 256);
            return plain;
        }
        SSLServerSocket server =
                (SSLServerSocket) identity.server().getServerSocketFactory().createServerSocket();
        server.setSSLParameters(TlsIdentity.serverParameters());
        server.setNeedClientAuth(true);
        server.bind(new InetSocketAddress(host, 0), 256);
        return server;
    }

    /** How this end connects to the other. */
    Connection to(boolean tls, int port) {
        return () -> {
            if (!tls) {
                return new Socket(host, port);
            }
            SSLSocket socket =
                    (SSLSocket) identity.client().getSocketFactory().createSocket(host, port);
            socket.setSSLParameters(TlsIdentity.clientParameters());
            return socket;
        };
    }

    /** Sends until the other end has enough, or receives; in words what was received. */
    String run(Order order, Connection connection) {
        if (!order.receives()) {
            RawStreams.send(connection, order.streams());
            return "0 1";
        }
        Carried carried = RawStreams.receive(connection, order.streams(), order.time());
        return carried.bytes() + " " + carried.nanos();
    }
}
