package dev.tapestry.node.egress;

import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.certificate.TlsProblem;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;

/**
 * The only opener of connections in a node: to one address, for known kinds of message, with a
 * receipt for each.
 *
 * <p>It tries again for as long as the coordinator cannot be reached, cuts a connection or answers
 * with 5xx. Refusals (4xx) come back as values; a revocation and a certificate that cannot be
 * believed end the node. Thread-safe: several messages may be under way at once.
 */
public final class EgressGate implements AutoCloseable {

    /** Connecting, and waiting for an answer that is no long poll, takes no longer. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(5);

    /** So often a part may come with the wrong content. */
    private static final int MAX_CORRUPT = 5;

    private static final int SERVER_ERRORS = 500;

    static {
        // The JDK's client moves bodies through TLS in buffers of 16 KiB unless told otherwise
        // before
        // it is loaded; with 256 KiB whole rounds took a tenth less processor time, with 1 MiB
        // more.
        if (System.getProperty("jdk.httpclient.bufsize") == null) {
            System.setProperty("jdk.httpclient.bufsize", Integer.toString(256 << 10));
        }
    }

    private static final int TOO_MANY_REQUESTS = 429;

    private final URI coordinator;
    private final HttpClient client;
    private final ReceiptBook receipts;
    private final RetryPolicy retries;
    private final Consumer<Outage> outages;
    private final StallWatch stalls;

    /**
     * The coordinator cannot be reached.
     *
     * @param reason what broke
     * @param failures in a row
     * @param again when the gate tries again
     */
    public record Outage(String reason, int failures, Duration again) {}

    private EgressGate(
            URI coordinator,
            SSLContext tls,
            ReceiptBook receipts,
            RetryPolicy retries,
            Consumer<Outage> outages) {
        this.coordinator = coordinator;
        this.receipts = receipts;
        this.retries = retries;
        this.outages = outages;
        this.stalls = new StallWatch(Duration.ofMinutes(1));
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(CONNECT_TIMEOUT)
                        .sslContext(tls)
                        .sslParameters(TlsIdentity.clientParameters())
                        .build();
    }

    /**
     * A gate to one coordinator.
     *
     * @param coordinator the only address that it connects to
     * @param tls shows the node's certificate and believes the consortium's authority only
     * @param receipts where receipts go
     * @param outages hears of each failure that will be tried again
     */
    public static EgressGate to(
            URI coordinator,
            SSLContext tls,
            ReceiptBook receipts,
            RetryPolicy retries,
            Consumer<Outage> outages) {
        return new EgressGate(coordinator, tls, receipts, retries, outages);
    }

    /** Bytes of bodies that have left and arrived through this gate. */
    public Traffic traffic() {
        return receipts.traffic();
    }

    /** Sends a message until it is answered. */
    Answer send(Message message) {
        return send(message, new ReplySink.Memory());
    }

    /**
     * Sends a message until it is answered.
     *
     * @throws NodeException {@code EGRESS_REFUSED}, {@code TLS}, {@code REVOKED}, {@code STOPPED},
     *     {@code STORAGE}: what is to be sent cannot be read
     */
    Answer send(Message message, ReplySink sink) {
        int corrupt = 0;
        for (int failures = 1; ; failures++) {
            try {
                return once(message, sink);
            } catch (IOException e) {
                corrupt += e instanceof PartRefusedException ? 1 : 0;
                if (corrupt == MAX_CORRUPT) {
                    throw new NodeException(Code.DIGEST_MISMATCH, reason(e), e);
                }
                Duration delay = retries.delay(failures);
                outages.accept(new Outage(reason(e), failures, delay));
                rest(delay);
            }
        }
    }

    /**
     * Sends a message once.
     *
     * @throws IOException when trying again may help
     */
    Answer once(Message message, ReplySink sink) throws IOException {
        URI target = allowed(message);
        BodySource body = new BodySource(message.content());
        HttpRequest request =
                HttpRequest.newBuilder(target)
                        .timeout(ANSWER_TIMEOUT)
                        .header(Protocol.VERSION_HEADER, Integer.toString(Protocol.VERSION))
                        .method(message.kind().method(), body.publisher())
                        .build();
        CountedReply reply = new CountedReply();
        String outcome = "interrupted";
        boolean connected = true;
        try {
            HttpResponse<java.io.InputStream> response =
                    client.send(request, HttpResponse.BodyHandlers.ofInputStream());
            outcome = Integer.toString(response.statusCode());
            try (StallWatch.Watched in = stalls.watch(reply.counting(response.body()))) {
                return answer(response.statusCode(), in, sink);
            }
        } catch (InterruptedException e) {
            throw stopped(e);
        } catch (IOException e) {
            connected =
                    !(e instanceof ConnectException || e instanceof HttpConnectTimeoutException);
            outcome = outcome + " " + reason(e);
            body.unreadable().ifPresent(EgressGate::storage);
            throw classified(e);
        } finally {
            if (connected || body.sent() > 0) {
                receipts.write(
                        message,
                        body.sent(),
                        reply.bytes(),
                        body.complete() ? body.digest() : Optional.empty(),
                        outcome);
            }
        }
    }

    private URI allowed(Message message) {
        URI target = coordinator.resolve(message.path());
        boolean here =
                "https".equals(target.getScheme())
                        && coordinator.getRawAuthority().equals(target.getRawAuthority());
        if (!here || !message.kind().allows(message.path())) {
            receipts.refused(message, "refused by the gate");
            throw new NodeException(
                    Code.EGRESS_REFUSED,
                    "%s to '%s' does not leave this node: it talks to %s only, in the protocol's form"
                            .formatted(message.kind(), target, coordinator));
        }
        return target;
    }

    private static Answer answer(int status, java.io.InputStream in, ReplySink sink)
            throws IOException {
        if (status >= 200 && status < 300) {
            return new Answer.Accepted(sink.take(in));
        }
        Answer.Refused refused = Refusals.read(status, in);
        if (status >= SERVER_ERRORS || status == TOO_MANY_REQUESTS) {
            throw new IOException(
                    "the coordinator answered "
                            + status
                            + " "
                            + refused.code()
                            + ": "
                            + refused.detail());
        }
        if (status == 403 && refused.code().equals("REVOKED")) {
            throw new NodeException(Code.REVOKED, refused.detail());
        }
        return refused;
    }

    /** Trying again does not mend the disk from which a message is read. */
    private static void storage(IOException failure) {
        throw new NodeException(
                Code.STORAGE, "cannot read what is to be sent: " + failure.getMessage(), failure);
    }

    /** Trying again does not make a certificate better. */
    private static IOException classified(IOException failure) {
        TlsProblem problem = TlsProblem.of(failure);
        if (problem == TlsProblem.REVOKED) {
            throw new NodeException(Code.REVOKED, problem.advice(), failure);
        }
        if (problem != TlsProblem.OTHER) {
            throw new NodeException(
                    Code.TLS,
                    problem + ": " + problem.advice() + " (" + reason(failure) + ")",
                    failure);
        }
        return failure;
    }

    private static String reason(IOException failure) {
        return switch (failure) {
            case ConnectException _ -> "no connection to the coordinator";
            case HttpTimeoutException _ -> "no answer in time";
            default -> failure.getMessage() == null ? failure.toString() : failure.getMessage();
        };
    }

    private void rest(Duration delay) {
        try {
            retries.pause().rest(delay);
        } catch (InterruptedException e) {
            throw stopped(e);
        }
    }

    private static NodeException stopped(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new NodeException(Code.STOPPED, "the node was asked to stop", e);
    }

    /** Writes the last receipts and drops the connections. */
    @Override
    public void close() {
        receipts.flush();
        stalls.close();
        client.shutdownNow();
    }
}
