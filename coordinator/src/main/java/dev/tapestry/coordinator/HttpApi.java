package dev.tapestry.coordinator;

import dev.tapestry.aggregation.AggregationException;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.Gate.Access;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.transfer.PartCoding;
import io.helidon.common.socket.SocketOptions;
import io.helidon.common.tls.Tls;
import io.helidon.common.tls.TlsClientAuth;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;

/**
 * The HTTP contract of {@code docs/protocol.md}: routes, versions, access, and coded answers for
 * whatever goes wrong. Each request blocks a virtual thread of its own.
 */
final class HttpApi {

    private static final System.Logger LOG = System.getLogger(HttpApi.class.getName());

    private final Gate gate;
    private final BooleanSupplier leads;
    private final Consumer<Route> fence;
    private final Doorkeeper doorkeeper;
    private final PresenceBoard board;
    private final Metrics metrics;
    private final CoordinatorConfig.Listening listening;
    private final List<Route> routes;
    private final WebServer server;

    /** Answers a request. */
    @FunctionalInterface
    interface Handler {
        /**
         * Answers, or throws an {@link ApiRefusal}.
         *
         * @throws IOException when the connection breaks
         */
        void handle(Exchange exchange) throws IOException, InterruptedException;
    }

    /**
     * One route of the contract.
     *
     * @param method {@code GET}, {@code HEAD}, {@code PUT} or {@code POST}
     * @param path with parameters in braces
     * @param access who may use it
     * @param versioned whether the request must name the protocol's version
     * @param handler what it does
     */
    record Route(String method, String path, Access access, boolean versioned, Handler handler) {

        /** One whose version matters unless anybody may read it. */
        Route(String method, String path, Access access, Handler handler) {
            this(method, path, access, access != Access.ANYONE || method.equals("POST"), handler);
        }
    }

    HttpApi(
            CoordinatorConfig.Listening listening,
            SSLContext tls,
            Gate gate,
            BooleanSupplier leads,
            Consumer<Route> fence,
            Doorkeeper doorkeeper,
            PresenceBoard board,
            Metrics metrics,
            List<Route> routes) {
        this.listening = listening;
        this.leads = leads;
        this.gate = gate;
        this.fence = fence;
        this.doorkeeper = doorkeeper;
        this.board = board;
        this.metrics = metrics;
        this.routes = List.copyOf(routes);
        HttpRouting.Builder routing = HttpRouting.builder();
        for (Route route : routes) {
            routing.route(
                    Method.create(route.method()),
                    route.path(),
                    (request, response) -> serve(route, request, response));
        }
        routing.any((request, response) ->
                serve(new Route("", "", Access.ANYONE, HttpApi::unknown), request, response));
        server =
                WebServer.builder()
                        .host(listening.host())
                        .port(listening.port())
                        .tls(
                                Tls.builder()
                                        .sslContext(tls)
                                        .sslParameters(TlsIdentity.serverParameters())
                                        .clientAuth(TlsClientAuth.OPTIONAL)
                                        .build())
                        .connectionOptions(
                                doorkeeper.watching(
                                        SocketOptions.builder().tcpNoDelay(true).build()))
                        .directHandlers(TransportRefusals.handlers())
                        .contentEncoding(new OwnCodings())
                        .maxPayloadSize(-1)
                        .shutdownGracePeriod(Duration.ofSeconds(5))
                        .shutdownHook(false)
                        .routing(routing)
                        .build();
    }

    List<Route> routes() {
        return routes;
    }

    PresenceBoard board() {
        return board;
    }

    Metrics metrics() {
        return metrics;
    }

    /** Opens the port. */
    void start() {
        server.start();
        // A port that is taken is only logged by the server.
        if (!server.isRunning() || server.port() < 1) {
            throw new CoordinatorException(
                    Code.ADDRESS,
                    "cannot listen at %s, port %d; is another process there? (host and port in coordinator.yaml)"
                            .formatted(listening.host(), listening.port()));
        }
    }

    /** The port that is open. */
    int port() {
        return server.port();
    }

    /** Connections that are open. */
    int connections() {
        return doorkeeper.size();
    }

    /** Closes the port; requests under way have a few seconds. */
    void stop() {
        server.stop();
        doorkeeper.close();
    }

    private void serve(Route route, ServerRequest request, ServerResponse response) {
        response.header(
                HeaderNames.create(Protocol.VERSION_HEADER), Integer.toString(Protocol.VERSION));
        if (PartCoding.available()) {
            response.header(HeaderNames.create(Protocol.PART_CODING_HEADER), PartCoding.NAME);
        }
        Visit visit = doorkeeper.begin(request.remotePeer().address());
        Exchange exchange = new Exchange(request, response, visit);
        try {
            if (!leads.getAsBoolean()) {
                throw notLeading();
            }
            if (route.versioned()) {
                requireVersion(exchange);
            }
            Optional<X509Certificate> shown = certificate(request);
            Optional<MemberId> member = gate.admit(route.access(), shown);
            exchange.admit(member, shown);
            if (route.access() != Access.ANYONE) {
                doorkeeper.recognise(visit, exchange.owner());
            }
            fence.accept(route);
            route.handler().handle(exchange);
            metrics.answered(route);
        } catch (ApiRefusal e) {
            refuse(route, exchange, e);
        } catch (IOException e) {
            throw new CloseConnectionException("the connection broke", e);
        } catch (InterruptedException e) {
            refuse(
                    route,
                    exchange,
                    new ApiRefusal(ApiCode.CLOSING, "the coordinator is being stopped"));
        } catch (CloseConnectionException e) {
            throw e;
        } catch (RuntimeException | Error e) {
            fail(route, exchange, response, e);
        } finally {
            visit.end();
        }
    }

    /** Whatever else is thrown becomes an answer too, as long as none has begun. */
    private void fail(Route route, Exchange exchange, ServerResponse response, Throwable e) {
        boolean begun =
                response.isSent()
                        || (response instanceof RoutingResponse streamed && streamed.hasEntity());
        if (begun && e instanceof UncheckedIOException) {
            throw new CloseConnectionException("the connection broke", e);
        }
        LOG.log(System.Logger.Level.ERROR, route.method() + " " + route.path(), e);
        if (begun) {
            throw new CloseConnectionException("the answer was broken off", e);
        }
        ApiRefusal refusal = broken(e);
        if (refusal.isOurs()) {
            board.hindered(ApiCode.valueOf(refusal.code()), refusal.detail());
        }
        refuse(route, exchange, refusal);
    }

    private void refuse(Route route, Exchange exchange, ApiRefusal refusal) {
        metrics.refused(route, refusal);
        exchange.refuse(refusal);
    }

    /** What another coordinator may do now. */
    private static boolean superseded(Throwable e) {
        return switch (e) {
            case CoordinatorException own -> own.code() == Code.STEPPED_DOWN;
            case TrustException trust -> trust.code() == TrustException.Code.LOG_LEASE_LOST;
            default -> false;
        };
    }

    private static ApiRefusal broken(Throwable e) {
        if (superseded(e)) {
            return notLeading();
        }
        boolean storage =
                switch (e) {
                    case CoordinatorException own -> own.code() == Code.STORAGE;
                    case TrustException trust -> trust.code() == TrustException.Code.STORAGE;
                    case WeightsException weights -> weights.code() == WeightsException.Code.IO;
                    case AggregationException merge -> merge.code() == AggregationException.Code.IO;
                    default -> false;
                };
        return storage
                ? new ApiRefusal(
                        ApiCode.STORAGE,
                        "the coordinator's disk or store refused; nothing accepted is lost, try"
                                + " again later")
                : new ApiRefusal(ApiCode.INTERNAL, "a defect; the coordinator's log says more");
    }

    private static ApiRefusal notLeading() {
        return new ApiRefusal(
                ApiCode.NOT_LEADING,
                "another coordinator leads, or nobody knows at the moment; ask again later");
    }

    private static void requireVersion(Exchange exchange) {
        Optional<String> version = exchange.header(Protocol.VERSION_HEADER);
        if (version.filter(Integer.toString(Protocol.VERSION)::equals).isEmpty()) {
            throw new ApiRefusal(
                    ApiCode.PROTOCOL_VERSION,
                    "this coordinator speaks version %d; the request names %s: upgrade the older one"
                            .formatted(Protocol.VERSION, version.orElse("none")));
        }
    }

    private static Optional<X509Certificate> certificate(ServerRequest request) {
        return request.remotePeer()
                .tlsCertificates()
                .filter(chain -> chain.length > 0)
                .map(chain -> (X509Certificate) chain[0]);
    }

    private static void unknown(Exchange exchange) {
        throw new ApiRefusal(
                ApiCode.UNKNOWN_ROUTE, "the protocol has no such route; see docs/protocol.md");
    }
}
