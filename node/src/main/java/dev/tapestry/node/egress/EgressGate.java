package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.ClockProbe;
import dev.tapestry.trust.certificate.ClockSkew;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.certificate.TlsProblem;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.transfer.PartCoding;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHeaders;

/**
 * The only opener of connections in a node: to one address, for known kinds of message, with a
 * receipt for each.
 *
 * <p>It tries again for as long as the coordinator cannot be reached, cuts a connection or answers
 * with 5xx. Refusals (4xx) come back as values; a revocation and a certificate that cannot be
 * believed are thrown. Thread-safe: several messages may be under way at once.
 */
public final class EgressGate implements AutoCloseable {

    /** The coordinator may think so long before it answers, a long poll included. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(5);

    /** A body that moves no more is given up after so long. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /** So often a part may come with the wrong content. */
    private static final int MAX_CORRUPT = 5;

    /** Whoever is asked for nothing but the time has no reason to think. */
    private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(10);

    private static final int SERVER_ERRORS = 500;
    private static final int GONE = 410;
    private static final int TOO_MANY_REQUESTS = 429;

    private final URI coordinator;
    private final Optional<HttpProxy> proxy;
    private final ReceiptBook receipts;
    private final RetryPolicy retries;
    private final Consumer<Outage> outages;
    private final StallWatch stalls;
    private final EgressFailures failures;
    private final LineRate up = new LineRate();
    private final LineRate down = new LineRate();
    private final AtomicLong shortestNanos = new AtomicLong(Long.MAX_VALUE);
    private final Set<Line> lines = ConcurrentHashMap.newKeySet();
    private volatile Line line;
    private volatile boolean renewing;
    private volatile boolean takesCompressed;
    private volatile ClockWatch clocks = new ClockWatch(InstantSource.system(), _ -> {});

    /**
     * The coordinator cannot be reached.
     *
     * @param reason what broke
     * @param failures in a row
     * @param again when the gate tries again
     */
    public record Outage(String reason, int failures, Duration again) {}

    /** As {@link #to} makes it, with another time for which a body may stand still. */
    EgressGate(
            URI coordinator,
            Line line,
            ReceiptBook receipts,
            RetryPolicy retries,
            Consumer<Outage> outages,
            Duration patience) {
        this.coordinator = coordinator;
        this.proxy = line.proxy();
        this.receipts = receipts;
        this.retries = retries;
        this.outages = outages;
        this.failures = new EgressFailures(coordinator, proxy, patience);
        this.stalls = new StallWatch(patience);
        this.line = line;
        lines.add(line);
    }

    /**
     * A gate to one coordinator.
     *
     * @param coordinator the only one that it talks to
     * @param proxy the only address that it connects to, if there is one; else the coordinator's is
     * @param tls shows the node's certificate and believes the consortium's authority only
     * @param receipts where receipts go
     * @param outages hears of each failure that will be tried again
     */
    public static EgressGate to(
            URI coordinator,
            Optional<HttpProxy> proxy,
            SSLContext tls,
            ReceiptBook receipts,
            RetryPolicy retries,
            Consumer<Outage> outages) {
        return new EgressGate(
                coordinator, Line.with(tls, proxy), receipts, retries, outages, PATIENCE);
    }

    /**
     * The same, which also knows from the identity's dates why it may be refused.
     *
     * @param coordinatorKey the SHA-256 of the public key that the coordinator's certificate must
     *     have, where one is known
     */
    public static EgressGate to(
            URI coordinator,
            Optional<HttpProxy> proxy,
            TlsIdentity identity,
            Optional<Digest> coordinatorKey,
            ReceiptBook receipts,
            RetryPolicy retries,
            Consumer<Outage> outages) {
        return new EgressGate(
                coordinator,
                Line.showing(identity, coordinatorKey, proxy),
                receipts,
                retries,
                outages,
                PATIENCE);
    }

    /**
     * The same before there is an identity: shows nothing, and believes a coordinator of the
     * authority with this fingerprint.
     */
    public static EgressGate to(
            URI coordinator,
            Optional<HttpProxy> proxy,
            Digest authority,
            ReceiptBook receipts,
            RetryPolicy retries,
            Consumer<Outage> outages) {
        return new EgressGate(
                coordinator,
                Line.firstContact(authority, proxy),
                receipts,
                retries,
                outages,
                PATIENCE);
    }

    /** From now on compares clocks in this way. */
    public void compares(ClockWatch next) {
        clocks = next;
    }

    /** What the coordinator's clock shows, as far as its answers have said. */
    public Instant there() {
        return clocks.there();
    }

    /**
     * Says whether another certificate may take this one's place at any moment. While it may, being
     * told that this one was replaced is no refusal: the message is sent again.
     */
    public void renewing(boolean may) {
        renewing = may;
    }

    /** Shows another certificate from now on; what is under way ends as it began. */
    public void show(TlsIdentity next, Optional<Digest> coordinatorKey) {
        Line before = line;
        Line after = Line.showing(next, coordinatorKey, proxy);
        lines.add(after);
        line = after;
        renewing = false;
        before.retire();
    }

    /** Bytes of bodies that have left and arrived through this gate. */
    public Traffic traffic() {
        return receipts.traffic();
    }

    /** Bytes of bodies in both directions, also of exchanges that are under way. */
    long moved() {
        return stalls.moved();
    }

    /** How fast the line carries what leaves. */
    LineRate up() {
        return up;
    }

    /** How fast the line carries what arrives. */
    LineRate down() {
        return down;
    }

    /** Whether the coordinator's latest answer says that it takes and gives parts compressed. */
    boolean takesCompressed() {
        return takesCompressed && PartCoding.available();
    }

    /**
     * The shortest time until the answer to a message without a body began, which is little more
     * than a round trip; zero before any was answered.
     */
    Duration roundTrip() {
        long nanos = shortestNanos.get();
        return nanos == Long.MAX_VALUE ? Duration.ZERO : Duration.ofNanos(nanos);
    }

    /** Sends a message until it is answered. */
    Answer send(Message message) {
        return send(message, new ReplySink.Memory());
    }

    /**
     * Sends a message until it is answered.
     *
     * @throws NodeException {@code EGRESS_REFUSED}, {@code TLS}, {@code REVOKED}, {@code STOPPED};
     *     {@code PROXY_CREDENTIALS}, {@code PROXY_REFUSED}; {@code STORAGE}: what is to be sent
     *     cannot be read, or what came cannot be kept; {@code MALFORMED_REPLY}: a document that is
     *     too long
     */
    Answer send(Message message, ReplySink sink) {
        int corrupt = 0;
        Message next = message;
        for (int failed = 1; ; failed++) {
            try {
                return once(next, sink);
            } catch (IOException e) {
                EgressFailures.requireUndecided(e);
                // What broke is sent again only to somebody who wants it.
                next = next.asking();
                if (e instanceof PartRefusedException) {
                    corrupt++;
                    next = next.plain();
                }
                if (corrupt == MAX_CORRUPT) {
                    throw new NodeException(Code.DIGEST_MISMATCH, EgressFailures.reason(e), e);
                }
                Duration delay = retries.delay(failed);
                outages.accept(new Outage(EgressFailures.reason(e), failed, delay));
                retries.rest(delay);
            }
        }
    }

    /**
     * Sends a message once.
     *
     * @throws IOException when trying again may help
     */
    Answer once(Message message, ReplySink sink) throws IOException {
        HttpUriRequestBase request = request(message);
        if (message.compressed() && message.kind() == MessageKind.PART_DOWNLOAD) {
            request.setHeader(HttpHeaders.ACCEPT_ENCODING, PartCoding.NAME);
        }
        request.setConfig(HttpConnections.exchange(ANSWER_TIMEOUT, message.asksFirst()));
        FutureTask<Answer> exchange = new FutureTask<>(() -> exchange(message, request, sink));
        // A wait for a socket can be interrupted on a virtual thread only.
        Thread thread = Thread.ofVirtual().name("egress").start(exchange);
        try {
            return exchange.get();
        } catch (InterruptedException e) {
            request.cancel();
            exchange.cancel(true);
            outlive(thread);
            throw stopped(e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException broken -> throw broken;
                case RuntimeException known -> throw known;
                case Error error -> throw error;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    private HttpUriRequestBase request(Message message) {
        HttpUriRequestBase request =
                new HttpUriRequestBase(message.kind().method(), allowed(message));
        request.setHeader(Protocol.VERSION_HEADER, Integer.toString(Protocol.VERSION));
        return request;
    }

    /** What was broken off still writes its receipt. */
    @SuppressWarnings("ThreadJoinLoop") // what it advises is Guava, which the node does without
    private static void outlive(Thread thread) {
        while (true) {
            try {
                thread.join();
                return;
            } catch (InterruptedException e) {
                // The wait is short, and who waits is being stopped already.
            }
        }
    }

    private Answer exchange(Message message, HttpUriRequestBase request, ReplySink sink)
            throws IOException {
        Line used = line;
        while (!used.enter()) {
            used = line;
        }
        try {
            Answer answer = exchange(message, request, sink, used);
            if (answer instanceof Answer.Refused refused
                    && refused.code().equals("CERTIFICATE_REPLACED")
                    && (renewing || used != line)) {
                throw new IOException("this node's certificate is being renewed");
            }
            return answer;
        } finally {
            used.leave();
        }
    }

    private Answer exchange(Message message, HttpUriRequestBase request, ReplySink sink, Line used)
            throws IOException {
        try (StallWatch.Watched watched = stalls.watch(request::cancel)) {
            BodySource body = new BodySource(message, watched, up);
            CountedReply reply = new CountedReply(watched, down);
            String outcome = "interrupted";
            boolean connected = true;
            if (!body.isEmpty()) {
                request.setEntity(HttpConnections.entity(body));
            }
            LineRate.Passage passage = (body.isEmpty() ? down : up).begin();
            long begun = System.nanoTime();
            Instant asked = clocks.here();
            try (ClassicHttpResponse response = used.client().executeOpen(null, request, null)) {
                if (body.isEmpty()) {
                    shortestNanos.accumulateAndGet(System.nanoTime() - begun, Math::min);
                }
                outcome = Integer.toString(response.getCode());
                takesCompressed = saysThatItTakesCompressed(response);
                Header date = response.getFirstHeader(HttpHeaders.DATE);
                if (date != null && lines.contains(used)) {
                    clocks.answered(asked, date.getValue());
                }
                Answer answer = answer(response, reply, sink);
                if (message.isPart()) {
                    passage.arrived();
                }
                return answer;
            } catch (IOException e) {
                connected = !EgressFailures.isUnreached(e);
                IOException failure = watched.stalled() ? failures.stalled(e) : failures.named(e);
                outcome = outcome + " " + EgressFailures.reason(failure);
                if (body.unreadable().isPresent()) {
                    throw EgressFailures.unreadable(body.unreadable().get());
                }
                TlsProblem problem = used.problem(failure);
                throw failures.classified(failure, problem, clockSkew(problem, used));
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

    private static boolean saysThatItTakesCompressed(ClassicHttpResponse response) {
        Header coding = response.getFirstHeader(Protocol.PART_CODING_HEADER);
        return coding != null && PartCoding.NAME.equals(coding.getValue());
    }

    private static boolean isCompressed(ClassicHttpResponse response) {
        return response.getEntity() != null
                && PartCoding.NAME.equals(response.getEntity().getContentEncoding());
    }

    private static Answer answer(ClassicHttpResponse response, CountedReply reply, ReplySink sink)
            throws IOException {
        int status = response.getCode();
        InputStream in =
                response.getEntity() == null
                        ? InputStream.nullInputStream()
                        : reply.counting(response.getEntity().getContent());
        if (status >= 200 && status < 300) {
            return new Answer.Accepted(
                    isCompressed(response) ? sink.takeCompressed(in) : sink.take(in));
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
        if (status == GONE && refused.code().equals("MOVED")) {
            throw new NodeException(Code.COORDINATOR_GONE, "410 MOVED: " + refused.detail());
        }
        if (status == 403 && refused.code().equals("REVOKED")) {
            throw new NodeException(Code.REVOKED, refused.detail());
        }
        return refused;
    }

    /** Where dates may be why the two ends do not meet: whether a clock is why dates do not fit. */
    private Optional<ClockSkew> clockSkew(TlsProblem problem, Line used) {
        return switch (problem) {
            // Who refuses this end's certificate does not say why; its dates are one reason.
            case EXPIRED, NOT_YET_VALID, REFUSED_BY_PEER -> used.probe().flatMap(this::clockSkew);
            case WRONG_AUTHORITY,
                    WRONG_HOST,
                    WRONG_ROLE,
                    REVOKED,
                    CERTIFICATE_MISSING,
                    NO_COMMON_PROTOCOL,
                    OTHER ->
                    Optional.empty();
        };
    }

    private Optional<ClockSkew> clockSkew(ClockProbe probe) {
        Message question = Message.ask(MessageKind.STATUS, "/v1/status");
        HttpUriRequestBase request = request(question);
        request.setConfig(HttpConnections.exchange(PROBE_TIMEOUT, false));
        Line look = Line.with(probe.context(), proxy);
        try {
            Answer answer = exchange(question, request, new ReplySink.Memory(), look);
            // Handshakes know no other clock than the system's.
            return answer instanceof Answer.Accepted(byte[] body)
                    ? probe.cause(Instant.now(), CanonicalJson.read(body, StatusView.class).clock())
                    : Optional.empty();
        } catch (IOException | NodeException | TrustException _) {
            return Optional.empty(); // what is known already is told
        } finally {
            look.close();
        }
    }

    private static NodeException stopped(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new NodeException(Code.STOPPED, "the node was asked to stop", e);
    }

    /** Writes the last receipts and drops the connections. */
    @Override
    public void close() {
        stalls.close();
        lines.forEach(Line::close);
        receipts.flush();
    }
}
