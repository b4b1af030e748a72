package dev.tapestry.node.serving;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.Loopback;
import java.time.Duration;
import java.util.Optional;

/**
 * Where a model is served.
 *
 * @param host address to listen at; 127.0.0.1 for this machine alone
 * @param port 0 for any that is free
 * @param key that requests must show, if there is one
 * @param maxBodyBytes of a request
 * @param patience with a client that sends or takes nothing
 */
public record Listening(
        String host, int port, Optional<String> key, int maxBodyBytes, Duration patience) {

    private static final int LEAST_KEY = 16;

    public Listening {
        if (port < 0 || port > 65535) {
            throw new NodeException(
                    Code.CONFIG_INVALID, "port %d: from 0 to 65535".formatted(port));
        }
        if (key.isPresent() && key.get().length() < LEAST_KEY) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "the key has %d characters; with fewer than %d it could be guessed"
                            .formatted(key.get().length(), LEAST_KEY));
        }
        if (key.isEmpty() && !Loopback.is(host)) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "at %s everybody could ask: name a key file, or listen at 127.0.0.1"
                            .formatted(host));
        }
    }

    /** A megabyte for a request, twenty seconds for a client. */
    public static Listening at(String host, int port, Optional<String> key) {
        return new Listening(host, port, key, 1 << 20, Duration.ofSeconds(20));
    }

    /** Whether only this machine can ask. */
    boolean isLocal() {
        return Loopback.is(host);
    }

    /** The address of the page where the server has this port. */
    public String url(int open) {
        return "http://%s:%d/".formatted(hostInUrl(), open);
    }

    /** As a URL and a {@code Host} header have it: IPv6 in brackets. */
    String hostInUrl() {
        return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    }
}
