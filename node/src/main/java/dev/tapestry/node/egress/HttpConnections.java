package dev.tapestry.node.egress;

import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.weights.transfer.PartCoding;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.io.entity.AbstractHttpEntity;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * How the gate speaks HTTP/1.1: Apache's blocking client over the JDK's TLS sockets.
 *
 * <p>The JDK's own client moves a body through a chain of queues and engines and took about twice
 * the processor time for the same bytes; see {@code docs/decisions}.
 */
final class HttpConnections {

    /** Connecting, with the TLS handshake, takes no longer. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    /** Less than the coordinator keeps a silent connection. */
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(60);

    private static final int MOST = 256;

    private HttpConnections() {}

    /**
     * A client without cookies, redirects, retries or compression, and without proxies of its own:
     * neither the JVM's settings nor the environment's lead it elsewhere.
     *
     * @param proxy through which it reaches every host, if there is one
     */
    static CloseableHttpClient client(SSLContext tls, Optional<HttpProxy> proxy) {
        return HttpClients.custom()
                .setConnectionManager(
                        PoolingHttpClientConnectionManagerBuilder.create()
                                .setDnsResolver(
                                        proxy.<DnsResolver>map(HttpConnections::ways)
                                                .orElse(SystemDefaultDnsResolver.INSTANCE))
                                .setMaxConnTotal(MOST)
                                .setMaxConnPerRoute(MOST)
                                .setDefaultSocketConfig(
                                        SocketConfig.custom().setTcpNoDelay(true).build())
                                .setDefaultConnectionConfig(
                                        ConnectionConfig.custom()
                                                .setConnectTimeout(Timeout.of(CONNECT_TIMEOUT))
                                                .setSocketTimeout(Timeout.of(CONNECT_TIMEOUT))
                                                .build())
                                .setTlsSocketStrategy((socket, host, port, _, _) -> {
                                    if (proxy.isPresent()) {
                                        ProxyTunnel.open(socket, proxy.get(), host, port);
                                    }
                                    return handshake(tls, socket, host, port);
                                })
                                .build())
                .setUserAgent("tapestry-node")
                // All connections are this node's: none is kept for one "user" or another.
                .disableConnectionState()
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .build();
    }

    /**
     * How one exchange behaves.
     *
     * @param answer how long a read may wait
     * @param asksFirst whether the body is sent only once the coordinator has agreed to the head
     *     (RFC 9110 §10.1.1), so that what the head already forbids costs no body
     */
    static RequestConfig exchange(Duration answer, boolean asksFirst) {
        return RequestConfig.custom()
                .setResponseTimeout(Timeout.of(answer))
                .setConnectionKeepAlive(Timeout.of(KEEP_ALIVE))
                .setExpectContinueEnabled(asksFirst)
                .setProtocolUpgradeEnabled(false)
                .build();
    }

    /** A body as the client wants it, written straight from where it lies. */
    static HttpEntity entity(BodySource body) {
        String coding = body.isCompressed() ? PartCoding.NAME : null;
        return new AbstractHttpEntity(ContentType.APPLICATION_OCTET_STREAM.toString(), coding) {
            @Override
            public long getContentLength() {
                // Without a length it is chunked (RFC 9112 §7.1).
                return body.bytes().orElse(-1);
            }

            @Override
            public void writeTo(OutputStream connection) throws IOException {
                body.writeTo(connection);
            }

            @Override
            public @Nullable InputStream getContent() {
                throw new UnsupportedOperationException("it is written, not read");
            }

            @Override
            public boolean isRepeatable() {
                return false;
            }

            @Override
            public boolean isStreaming() {
                return true;
            }

            @Override
            public void close() {}
        };
    }

    /**
     * Every host is reached at the proxy's address: the tunnel leads on from there, and what the
     * coordinator's name means is the proxy's to find out.
     */
    private static DnsResolver ways(HttpProxy proxy) {
        return new DnsResolver() {
            @Override
            public List<InetSocketAddress> resolve(String host, int port)
                    throws UnknownHostException {
                return Arrays.stream(resolve(host))
                        .map(address -> new InetSocketAddress(address, proxy.port()))
                        .toList();
            }

            @Override
            public InetAddress[] resolve(String host) throws UnknownHostException {
                return InetAddress.getAllByName(proxy.host());
            }

            @Override
            public String resolveCanonicalHostname(String host) {
                return host;
            }
        };
    }

    /** TLS as the consortium's identities want it, the host's name checked by the JDK. */
    private static SSLSocket handshake(SSLContext tls, Socket socket, String host, int port)
            throws IOException {
        SSLSocket secured =
                (SSLSocket) tls.getSocketFactory().createSocket(socket, host, port, true);
        secured.setSSLParameters(TlsIdentity.clientParameters());
        secured.setSoTimeout((int) TimeUnit.SECONDS.toMillis(CONNECT_TIMEOUT.toSeconds()));
        secured.startHandshake();
        return secured;
    }
}
