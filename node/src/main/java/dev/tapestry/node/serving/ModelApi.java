package dev.tapestry.node.serving;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.serving.ApiRefusal.Kind;
import io.helidon.common.socket.SocketOptions;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/**
 * The HTTP API: routes, keys, limits, and an answer in OpenAI's words for whatever goes wrong. Each
 * request blocks a virtual thread of its own.
 */
final class ModelApi implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(ModelApi.class.getName());
    private static final String RETRY_AFTER_SECONDS = "2";
    private static final Set<String> LOCAL_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

    private final Listening listening;
    private final List<Source> sources;
    private final AnswerDesk desk;
    private final InstantSource clock;
    private final Callers callers;
    private final WebServer server;
    private final long started;

    /** Answers a request. */
    private interface Handler {
        void handle(ServerRequest request, ServerResponse response)
                throws IOException, InterruptedException;
    }

    /** Serves {@code sources}, the model first and then what it is compared with. */
    ModelApi(Listening listening, List<Source> sources, AnswerDesk desk, InstantSource clock) {
        this.listening = listening;
        this.sources = List.copyOf(sources);
        this.desk = desk;
        this.clock = clock;
        this.started = clock.instant().getEpochSecond();
        this.callers = new Callers(listening.patience());
        HttpRouting.Builder routing =
                HttpRouting.builder()
                        .get("/v1/models", (in, out) -> serve(in, out, true, this::models))
                        .get("/v1/models/{+name}", (in, out) -> serve(in, out, true, this::model))
                        .post(
                                "/v1/chat/completions",
                                (in, out) -> serve(in, out, true, (a, b) -> answer(a, b, true)))
                        .post(
                                "/v1/completions",
                                (in, out) -> serve(in, out, true, (a, b) -> answer(a, b, false)));
        for (Page page : Page.values()) {
            routing.get(page.path(), (in, out) -> serve(in, out, false, (_, b) -> show(page, b)));
        }
        routing.any((in, out) -> serve(in, out, false, ModelApi::unknown));
        server =
                WebServer.builder()
                        .host(listening.host())
                        .port(listening.port())
                        .connectionOptions(
                                callers.watching(SocketOptions.builder().tcpNoDelay(true).build()))
                        .maxPayloadSize(-1)
                        .shutdownGracePeriod(Duration.ofSeconds(2))
                        .shutdownHook(false)
                        .routing(routing)
                        .build();
    }

    /** Opens the port. */
    void start() {
        server.start();
        // A port that is taken is only logged by the server.
        if (!server.isRunning() || server.port() < 1) {
            throw new NodeException(
                    Code.ADDRESS,
                    "cannot listen at %s, port %d; is another process there?"
                            .formatted(listening.host(), listening.port()));
        }
    }

    int port() {
        return server.port();
    }

    private void serve(
            ServerRequest request, ServerResponse response, boolean guarded, Handler handler) {
        SocketAddress remote = request.remotePeer().address();
        callers.began(remote);
        try {
            if (guarded) {
                requireHost(request);
                requireKey(request);
            }
            handler.handle(request, response);
        } catch (ApiRefusal e) {
            refuse(response, e);
        } catch (IOException | UncheckedIOException e) {
            throw new CloseConnectionException("the connection broke", e);
        } catch (InterruptedException e) {
            if (response.isSent() || response.bytesWritten() > 0) {
                throw new CloseConnectionException("the server is being stopped", e);
            }
            refuse(response, new ApiRefusal(Kind.BUSY, "the server is being stopped"));
        } catch (CloseConnectionException e) {
            throw e;
        } catch (RuntimeException e) {
            if (response.isSent() || response.bytesWritten() > 0) {
                throw new CloseConnectionException("the answer was broken off", e);
            }
            LOG.log(Level.ERROR, request.path().path(), e);
            refuse(response, new ApiRefusal(Kind.INTERNAL, "a defect; the server's log says more"));
        } finally {
            callers.ended(remote);
        }
    }

    /**
     * A web page of somebody else may lead a browser here by a name of its own (DNS rebinding); a
     * server for this machine alone answers to no such name.
     */
    private void requireHost(ServerRequest request) {
        String host =
                request.headers().first(HeaderNames.HOST).orElse("").replaceFirst(":\\d+$", "");
        boolean known = LOCAL_NAMES.contains(host) || host.equals(listening.hostInUrl());
        if (listening.isLocal() && listening.key().isEmpty() && !known) {
            throw new ApiRefusal(Kind.HOST, "this server is for this machine alone");
        }
    }

    private void requireKey(ServerRequest request) {
        if (listening.key().isEmpty()) {
            return;
        }
        byte[] wanted = ("Bearer " + listening.key().get()).getBytes(UTF_8);
        byte[] shown =
                request.headers().first(HeaderNames.AUTHORIZATION).orElse("").getBytes(UTF_8);
        if (!MessageDigest.isEqual(wanted, shown)) {
            throw new ApiRefusal(
                    Kind.KEY, "the key is missing or another: send 'Authorization: Bearer KEY'");
        }
    }

    private void models(ServerRequest request, ServerResponse response) {
        reply(response, 200, OpenAiJson.bytes(OpenAiJson.models(sources, started)));
    }

    private void model(ServerRequest request, ServerResponse response) {
        Source source = source(request.path().pathParameters().get("name"));
        boolean first = source.equals(sources.getFirst());
        reply(response, 200, OpenAiJson.bytes(OpenAiJson.model(source, first, started)));
    }

    private Source source(String name) {
        return sources.stream()
                .filter(source -> source.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new ApiRefusal(
                                Kind.MODEL,
                                "there is no model '%s' here, but: %s"
                                        .formatted(
                                                name.substring(0, Math.min(80, name.length())),
                                                String.join(
                                                        ", ",
                                                        sources.stream()
                                                                .map(Source::name)
                                                                .toList()))));
    }

    private void answer(ServerRequest request, ServerResponse response, boolean chat)
            throws IOException, InterruptedException {
        Function<byte[], Asked> reader = chat ? RequestReader::chat : RequestReader::completion;
        Asked asked = reader.apply(body(request));
        Source source = source(asked.model());
        OpenAiJson json =
                new OpenAiJson(
                        OpenAiJson.newId(chat),
                        clock.instant().getEpochSecond(),
                        source.name(),
                        chat,
                        asked.logProbabilities());
        SocketAddress remote = request.remotePeer().address();
        if (!asked.stream()) {
            WholeAnswer whole =
                    new WholeAnswer(
                            json,
                            bytes -> callers.waitingFor(remote, () -> reply(response, 200, bytes)));
            desk.answer(asked, source, whole);
            return;
        }
        EventStream events =
                new EventStream(
                        json,
                        asked.streamedUsage(),
                        () -> {
                            response.header(HeaderNames.CONTENT_TYPE, "text/event-stream");
                            response.header(HeaderNames.CACHE_CONTROL, "no-store");
                            return new PatientStream(response.outputStream(), callers, remote);
                        });
        try {
            desk.answer(asked, source, events);
        } catch (ApiRefusal e) {
            if (!events.hasBegun()) {
                throw e;
            }
            events.fail(e);
        }
    }

    private byte[] body(ServerRequest request) throws IOException {
        String type = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        // Another site's page can send no such type without asking first.
        if (!type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            throw new ApiRefusal(
                    Kind.MEDIA, "send JSON, and say so: Content-Type: application/json");
        }
        int most = listening.maxBodyBytes();
        if (request.headers().contentLength().orElse(0) > most) {
            throw tooLong(most);
        }
        byte[][] read = new byte[1][];
        callers.waitingFor(
                request.remotePeer().address(),
                () -> {
                    try {
                        read[0] = request.content().inputStream().readNBytes(most + 1);
                    } catch (UncheckedIOException | IllegalArgumentException e) {
                        throw new IOException("the body does not come", e);
                    }
                });
        if (read[0].length > most) {
            throw tooLong(most);
        }
        return read[0];
    }

    private static ApiRefusal tooLong(int most) {
        return new ApiRefusal(Kind.BODY, "a request has at most %d bytes".formatted(most));
    }

    private static void show(Page page, ServerResponse response) {
        response.header(
                HeaderNames.create("Content-Security-Policy"),
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                        + " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors"
                        + " 'none'");
        response.header(HeaderNames.create("X-Content-Type-Options"), "nosniff");
        response.header(HeaderNames.create("Referrer-Policy"), "no-referrer");
        response.header(HeaderNames.CONTENT_TYPE, page.type());
        response.send(page.bytes());
    }

    private static void unknown(ServerRequest request, ServerResponse response) {
        throw new ApiRefusal(
                Kind.ROUTE,
                "there is no %s here; docs/serving.md has what there is"
                        .formatted(request.prologue().method().text()));
    }

    private static void reply(ServerResponse response, int status, byte[] json) {
        response.status(Status.create(status));
        response.header(HeaderNames.CONTENT_TYPE, "application/json");
        response.send(json);
    }

    private static void refuse(ServerResponse response, ApiRefusal refusal) {
        if (refusal.kind() == Kind.BUSY) {
            response.header(HeaderNames.RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        if (refusal.kind() == Kind.BODY) {
            response.header(HeaderValues.CONNECTION_CLOSE); // the rest of it is not read
        }
        reply(response, refusal.kind().status(), OpenAiJson.bytes(OpenAiJson.error(refusal)));
    }

    @Override
    public void close() {
        server.stop();
        callers.close();
    }

    /** A connection that is given up where nobody takes what is sent. */
    private static final class PatientStream extends OutputStream {
        private final OutputStream out;
        private final Callers callers;
        private final SocketAddress remote;

        PatientStream(OutputStream out, Callers callers, SocketAddress remote) {
            this.out = out;
            this.callers = callers;
            this.remote = remote;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            sending(() -> out.write(bytes, offset, length));
        }

        @Override
        public void flush() throws IOException {
            sending(out::flush);
        }

        @Override
        public void close() throws IOException {
            sending(out::close);
        }

        private void sending(Callers.Work work) throws IOException {
            try {
                callers.waitingFor(remote, work);
            } catch (UncheckedIOException | IllegalStateException e) {
                throw new IOException("nobody takes the answer", e);
            }
        }
    }
}
