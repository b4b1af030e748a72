package dev.tapestry.node.egress;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.Timeout;

/**
 * The way to the member's own model server, which speaks OpenAI's API, and to nothing else: it is
 * asked for answers and for nothing else. The record of the door ({@code node.serving}) says what
 * was asked; a receipt would say it twice. Thread-safe.
 *
 * <p>Without TLS it must be on this machine: prompts are a member's secrets.
 */
public final class ModelServer implements AutoCloseable {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    /** A long prompt may be read for so long before the first piece comes. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(5);

    /** For one of the connections, where all are in use. */
    private static final Duration CROWD_TIMEOUT = Duration.ofSeconds(2);

    private static final int MOST = 256;

    private final URI address;
    private final Optional<String> key;
    private final CloseableHttpClient client;

    /** What it can be asked for. */
    public enum Request {
        /** The next turn of a conversation. */
        CHAT("/v1/chat/completions"),
        /** What follows a text. */
        COMPLETION("/v1/completions");

        private final String path;

        Request(String path) {
            this.path = path;
        }
    }

    /** A question that can be given up at any moment. */
    public interface Call extends AutoCloseable {

        /**
         * Asks, and waits for the head of the answer.
         *
         * @throws CrowdedException if too many are asked already
         * @throws IOException if the server cannot be reached, or this was closed
         */
        Reply send() throws IOException;

        /** Gives it up, also while another thread asks or reads. */
        @Override
        void close();
    }

    /** An answer under way; it ends with its {@link Call}. */
    public interface Reply {

        /** The HTTP status. */
        int status();

        /** The body, as it comes. */
        InputStream body();
    }

    /** So many questions are under way that there is no connection for another. */
    public static final class CrowdedException extends IOException {

        private static final long serialVersionUID = 1L;

        private CrowdedException(Throwable cause) {
            super("all connections to the model server are in use", cause);
        }
    }

    private ModelServer(URI address, Optional<String> key) {
        this.address = address;
        this.key = key;
        this.client =
                HttpClients.custom()
                        .setConnectionManager(
                                PoolingHttpClientConnectionManagerBuilder.create()
                                        .setMaxConnTotal(MOST)
                                        .setMaxConnPerRoute(MOST)
                                        .setDefaultConnectionConfig(
                                                ConnectionConfig.custom()
                                                        .setConnectTimeout(
                                                                Timeout.of(CONNECT_TIMEOUT))
                                                        .build())
                                        .build())
                        .setDefaultRequestConfig(
                                RequestConfig.custom()
                                        .setConnectionRequestTimeout(Timeout.of(CROWD_TIMEOUT))
                                        .setResponseTimeout(Timeout.of(ANSWER_TIMEOUT))
                                        .setProtocolUpgradeEnabled(false)
                                        .build())
                        .setUserAgent("tapestry-node")
                        .disableRedirectHandling()
                        .disableAutomaticRetries()
                        .disableContentCompression()
                        .disableCookieManagement()
                        .disableAuthCaching()
                        .build();
    }

    /**
     * The way to one server; nothing is asked yet.
     *
     * @param address such as {@code http://127.0.0.1:8000}, with or without {@code /v1}
     * @param key that the server asks for, if it does
     * @throws NodeException {@code CONFIG_INVALID} for an address that is none, or not on this
     *     machine and without TLS
     */
    public static ModelServer at(URI address, Optional<String> key) {
        String host = Optional.ofNullable(address.getHost()).orElse("");
        boolean here = Loopback.is(host);
        String scheme = Optional.ofNullable(address.getScheme()).orElse("");
        if (host.isEmpty() || !(scheme.equals("https") || (scheme.equals("http") && here))) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "%s: a model server is https://… , or http:// on this machine, for prompts would leave it in the open"
                            .formatted(address));
        }
        String base = address.toString().replaceFirst("/+$", "").replaceFirst("/v1$", "");
        return new ModelServer(URI.create(base), key);
    }

    /** Where it leads. */
    public URI address() {
        return address;
    }

    /** A question; nothing is sent yet. */
    public Call asking(Request request, byte[] json) {
        HttpPost post = new HttpPost(address + request.path);
        key.ifPresent(secret -> post.setHeader("Authorization", "Bearer " + secret));
        post.setEntity(new ByteArrayEntity(json, ContentType.APPLICATION_JSON));
        return new Call() {
            @Override
            public Reply send() throws IOException {
                return ask(post);
            }

            @Override
            public void close() {
                post.cancel();
            }
        };
    }

    private Reply ask(HttpPost post) throws IOException {
        ClassicHttpResponse response;
        try {
            response = client.executeOpen(null, post, null);
        } catch (ConnectionRequestTimeoutException e) {
            throw new CrowdedException(e);
        }
        InputStream body =
                response.getEntity() == null
                        ? InputStream.nullInputStream()
                        : response.getEntity().getContent();
        return new Reply() {
            @Override
            public int status() {
                return response.getCode();
            }

            @Override
            public InputStream body() {
                return body;
            }
        };
    }

    @Override
    public void close() {
        client.close(CloseMode.IMMEDIATE);
    }
}
