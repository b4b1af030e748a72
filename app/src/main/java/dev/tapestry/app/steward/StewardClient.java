package dev.tapestry.app.steward;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.StopRequest;
import dev.tapestry.consortium.protocol.TokenRequest;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.certificate.TlsProblem;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.move.MoveAgreement;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The steward's side of the protocol. Thread-safe. */
public final class StewardClient implements AutoCloseable {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);

    private final URI coordinator;
    private final String directory;
    private final Duration patience;
    private final HttpClient http;

    /**
     * A client of the coordinator at {@code coordinator}.
     *
     * @param identity the steward's certificate and key
     */
    public StewardClient(URI coordinator, TlsIdentity identity) {
        this(coordinator, identity, "DIR");
    }

    /**
     * A client that can say with which directory the coordinator is started.
     *
     * @param identity the steward's certificate and key
     * @param directory the coordinator's, as the steward calls it
     */
    public StewardClient(URI coordinator, TlsIdentity identity, String directory) {
        this(coordinator, identity, directory, CONNECT_TIMEOUT, ANSWER_TIMEOUT);
    }

    StewardClient(
            URI coordinator,
            TlsIdentity identity,
            String directory,
            Duration toConnect,
            Duration toAnswer) {
        this.coordinator = coordinator;
        this.directory = directory;
        this.patience = toAnswer;
        this.http =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .sslContext(identity.client())
                        .sslParameters(TlsIdentity.clientParameters())
                        .connectTimeout(toConnect)
                        .build();
    }

    /** A token with which {@code member} enrols its node. */
    public String invite(MemberId member, Duration validity) {
        return new String(
                send("/v1/tokens", new TokenRequest(member, validity), Duration.ZERO),
                StandardCharsets.UTF_8);
    }

    /** Starts a run of the Shared-Base Loop. */
    public Accepted start(RunPlan plan) {
        return read(send("/v1/runs", plan, Duration.ZERO), Accepted.class);
    }

    /** Ends the run under way, and the round with it. */
    public Accepted stop(String reason) {
        return read(send("/v1/runs/stop", new StopRequest(reason), Duration.ZERO), Accepted.class);
    }

    /** Withdraws a member's right to take part. */
    public Accepted revoke(MemberId member, String reason) {
        return read(
                send(
                        "/v1/members/" + member + "/revocation",
                        new RevocationRequest(reason),
                        Duration.ZERO),
                Accepted.class);
    }

    /** Shows a coordinator that the members have moved it. */
    public Accepted retire(MoveAgreement agreement) {
        return read(send("/v1/move", agreement.envelope(), Duration.ZERO), Accepted.class);
    }

    /** Charter, members and base. */
    public ConsortiumView consortium() {
        return read(send("/v1/consortium", null, Duration.ZERO), ConsortiumView.class);
    }

    /** The loop's state as soon as it is newer than {@code version}, or after {@code wait}. */
    public RoundView round(long version, Duration wait) {
        return read(
                send("/v1/round?after=" + version + "&wait=" + wait.toSeconds(), null, wait),
                RoundView.class);
    }

    /** Who is there, who is awaited, and how far they are. */
    public PresenceView presence() {
        return read(send("/v1/presence", null, Duration.ZERO), PresenceView.class);
    }

    /** The same and more in Prometheus' text format. */
    public String metrics() {
        return new String(send("/v1/metrics", null, Duration.ZERO), StandardCharsets.UTF_8);
    }

    private byte[] send(String path, @Nullable Object body, Duration wait) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(coordinator.resolve(path))
                        .timeout(wait.plus(patience))
                        .header(Protocol.VERSION_HEADER, Integer.toString(Protocol.VERSION));
        if (body != null) {
            request.header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofByteArray(CanonicalJson.write(body)));
        }
        try {
            HttpResponse<byte[]> response =
                    http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            if (response.statusCode() / 100 == 2) {
                return response.body();
            }
            throw refused(response);
        } catch (IOException e) {
            throw unanswered(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StewardException("INTERRUPTED", "interrupted while waiting for an answer");
        }
    }

    private StewardException unanswered(IOException failure) {
        TlsProblem problem = TlsProblem.of(failure);
        return problem == TlsProblem.OTHER
                ? new StewardException(
                        "UNREACHABLE", Silence.of(failure).of(coordinator, failure, directory))
                : new StewardException(
                        "TLS",
                        "no trusted connection to %s: %s".formatted(coordinator, problem.advice()));
    }

    private static StewardException refused(HttpResponse<byte[]> response) {
        try {
            ErrorReply reply = read(response.body(), ErrorReply.class);
            return new StewardException(reply.code(), reply.code() + ": " + reply.detail());
        } catch (TrustException e) {
            return new StewardException(
                    "HTTP_" + response.statusCode(),
                    "the coordinator answered %d without a reason"
                            .formatted(response.statusCode()));
        }
    }

    private static <T> T read(byte[] body, Class<T> type) {
        return CanonicalJson.read(body, type);
    }

    @Override
    public void close() {
        http.close();
    }
}
