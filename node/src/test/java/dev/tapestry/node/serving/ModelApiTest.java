package dev.tapestry.node.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.egress.ModelServer;
import dev.tapestry.training.EnginePlan;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The door, with a model behind it that says what it is told to. */
final class ModelApiTest {

    private static final Duration GENEROUS = Duration.ofMinutes(1);
    private static final int PLACES = 8;
    private static final String RULES =
            """
            name: river-people
            languages: [en]
            protected-domains:
              - id: burial-songs
                description: songs of the families
                terms: {en: [burial song*]}
                apply-to: [PROMPTS, ANSWERS]
                action: REFUSE
                say: {en: These songs belong to the families.}
              - id: plots
                description: where graves are
                terms: {en: [plot nine]}
                apply-to: [PROMPTS, ANSWERS]
                action: REDACT
            """;

    @TempDir Path directory;
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable part : open.reversed()) {
            part.close();
        }
    }

    private ModelApi serve(Listening listening, AnswerDesk desk, Source... sources) {
        ModelApi api = new ModelApi(listening, List.of(sources), desk, InstantSource.system());
        open.add(api);
        api.start();
        return api;
    }

    private Caller calling(AnswerDesk desk, Source source) {
        return Caller.of(serve(here(Optional.empty()), desk, source).port());
    }

    private static Listening here(Optional<String> key) {
        return Listening.at("127.0.0.1", 0, key);
    }

    private AnswerDesk free() {
        return new AnswerDesk(Optional.empty(), board(Optional.empty()), AuditTrail.none(), PLACES);
    }

    private AnswerDesk ruled() throws IOException {
        Path file = Files.writeString(directory.resolve("constitution.yaml"), RULES);
        return new AnswerDesk(
                Optional.of(Guard.read(file)), board(Optional.empty()), AuditTrail.none(), PLACES);
    }

    private Board board(Optional<SigningKey> key) {
        Board board =
                Board.following(
                        Optional.of(directory.resolve("board")),
                        key.map(SigningKey::verifyingKey),
                        Optional.of(directory.resolve("seen.board")));
        open.add(board);
        return board;
    }

    @Test
    void a_conversation_is_answered_whole_and_in_pieces_with_what_it_took() throws Exception {
        Caller caller = calling(free(), ScriptedSource.saying("Good ", "day", "!"));
        Caller.Reply whole = caller.chat("scripted", "Hello", "");
        assertThat(whole.text()).isEqualTo("Good day!");
        assertThat(whole.finish()).isEqualTo("stop");
        assertThat(whole.body().path("object").asString()).isEqualTo("chat.completion");
        assertThat(whole.body().path("usage").path("total_tokens").asInt()).isEqualTo(6);

        Caller.Events events =
                caller.streamedChat(
                        "scripted", "Hello", ",\"stream_options\":{\"include_usage\":true}");
        assertThat(events.text()).isEqualTo("Good day!");
        assertThat(events.finish()).isEqualTo("stop");
        assertThat(events.done()).isTrue();
        assertThat(
                        events.all()
                                .getFirst()
                                .path("choices")
                                .path(0)
                                .path("delta")
                                .path("role")
                                .asString())
                .isEqualTo("assistant");
        assertThat(events.all().getLast().path("usage").path("completion_tokens").asInt())
                .isEqualTo(3);
    }

    @Test
    void what_is_wrong_is_refused_in_the_words_of_that_api() throws Exception {
        Caller caller = calling(free(), ScriptedSource.saying("x"));
        String chat = "/v1/chat/completions";
        caller.post(chat, "{\"model\":").refused(400, "invalid_value");
        caller.post(chat, "[]").refused(400, "invalid_value");
        caller.post(chat, "{\"model\":\"scripted\",\"model\":\"b\"}").refused(400, "invalid_value");
        caller.post(chat, "{\"model\":\"scripted\"}").refused(400, "invalid_value");
        caller.chat("other", "Hello", "").refused(404, "model_not_found");
        caller.chat("scripted", "Hello", ",\"tools\":[{\"type\":\"function\"}]")
                .refused(400, "unsupported_parameter");
        caller.chat("scripted", "Hello", ",\"n\":2").refused(400, "unsupported_parameter");
        caller.chat("scripted", "Hello", ",\"response_format\":{\"type\":\"json_object\"}")
                .refused(400, "unsupported_parameter");
        caller.chat("scripted", "Hello", ",\"temperature\":9").refused(400, "invalid_value");
        caller.chat("scripted", "Hello", ",\"max_tokens\":0").refused(400, "invalid_value");
        caller.chat("scripted", "Hello", ",\"stop\":[\"\"]").refused(400, "invalid_value");
        caller.chat("scripted", "Hello", ",\"stop\":[\"\\ud800\"]").refused(400, "invalid_value");
        caller.chat("scripted", " ", "").refused(400, "invalid_value");
        caller.chat("scripted", "\\ud800", "").refused(400, "invalid_value");
        caller.chat("scripted", "a".repeat(1 << 20), "").refused(413, "body_too_large");
        caller.send(caller.to("/v2").GET().build()).refused(404, "unknown_url");
        caller.send(
                        HttpRequest.newBuilder(
                                        URI.create("http://127.0.0.1:" + caller.port() + chat))
                                .header("Content-Type", "text/plain")
                                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                                .build())
                .refused(415, "unsupported_media_type");
        assertThat(caller.chat("scripted", "Hello", ",\"tools\":[],\"n\":1,\"user\":\"u\"").text())
                .isEqualTo("x");
    }

    @Test
    void a_key_is_asked_for_where_there_is_one_and_foreign_names_are_not_answered()
            throws Exception {
        ModelApi api =
                serve(
                        here(Optional.of("a-key-of-some-length")),
                        free(),
                        ScriptedSource.saying("x"));
        Caller caller = Caller.of(api.port());
        caller.chat("scripted", "Hello", "").refused(401, "invalid_api_key");
        caller.send(caller.to("/v1/models").header("Authorization", "Bearer wrong").GET().build())
                .refused(401, "invalid_api_key");
        assertThat(
                        caller.send(
                                        caller.to("/v1/models")
                                                .header(
                                                        "Authorization",
                                                        "Bearer a-key-of-some-length")
                                                .GET()
                                                .build())
                                .status())
                .isEqualTo(200);
        assertThatThrownBy(() -> Listening.at("0.0.0.0", 0, Optional.empty()))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("key file");
        assertThat(
                        said(
                                calling(free(), ScriptedSource.saying("x")).port(),
                                String.join(
                                        "\r\n",
                                        "GET /v1/models HTTP/1.1",
                                        "Host: evil.example",
                                        "Connection: close",
                                        "",
                                        "")))
                .startsWith("HTTP/1.1 403")
                .contains("unknown_host");
    }

    private static String said(int port, String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(request.getBytes(UTF_8));
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }

    @Test
    void a_rule_that_matches_across_pieces_leaks_nothing() throws Exception {
        Caller caller =
                calling(
                        ruled(),
                        ScriptedSource.saying("We know a bu", "ria", "l so", "ng about", " rain."));
        Caller.Events events = caller.streamedChat("scripted", "Sing", "");
        assertThat(events.text()).isEqualTo("We know a \n\nThese songs belong to the families.");
        assertThat(events.finish()).isEqualTo(Outcome.FILTERED);
        assertThat(events.rule()).isEqualTo("burial-songs");
        Caller.Reply whole = caller.chat("scripted", "Sing", "");
        assertThat(whole.text()).isEqualTo(events.text());
        assertThat(whole.body().path("tapestry").path("rule").asString()).isEqualTo("burial-songs");
        assertThat(whole.body().path("usage").path("prompt_tokens").asInt()).isEqualTo(3);
        assertThat(whole.body().path("usage").path("completion_tokens").asInt()).isBetween(3, 4);
    }

    @Test
    void a_question_that_a_rule_refuses_never_reaches_the_model() throws Exception {
        ScriptedSource source = ScriptedSource.saying("x");
        Caller caller = calling(ruled(), source);
        Caller.Reply refused = caller.chat("scripted", "Teach me the BURIAL songs", "");
        assertThat(refused.status()).isEqualTo(200);
        assertThat(refused.text()).isEqualTo("These songs belong to the families.");
        assertThat(refused.finish()).isEqualTo(Outcome.FILTERED);
        assertThat(source.asked()).isEmpty();

        Caller.Reply changed = caller.chat("scripted", "Who lies in plot nine there?", "");
        assertThat(source.asked().orElseThrow().prompt().texts().getFirst())
                .doesNotContain("nine")
                .startsWith("Who lies in");
        assertThat(changed.body().path("tapestry").path("redacted_by").path(0).asString())
                .isEqualTo("plots");
        caller.chat("scripted", "Hello", ",\"logprobs\":true")
                .refused(400, "unsupported_parameter");
    }

    @Test
    void a_pause_ends_a_running_stream_holds_after_a_restart_and_cannot_be_forged()
            throws Exception {
        Path decisions = directory.resolve("board");
        SigningKey key = SigningKey.generate();
        ScriptedSource source = ScriptedSource.talking("on ");
        AnswerDesk desk =
                new AnswerDesk(
                        Optional.empty(), board(Optional.of(key)), AuditTrail.none(), PLACES);
        Caller caller = calling(desk, source);
        CompletableFuture<Caller.Events> stream =
                CompletableFuture.supplyAsync(
                        () -> unchecked(() -> caller.streamedChat("scripted", "Hello", "")));
        source.awaitBegun();
        BoardState.decide(
                decisions, true, "The elders are meeting.", Instant.now(), Optional.of(key));
        Caller.Events events = stream.get(GENEROUS.toSeconds(), TimeUnit.SECONDS);
        assertThat(events.text()).startsWith("on ").endsWith("\n\nThe elders are meeting.");
        assertThat(events.finish()).isEqualTo(Outcome.FILTERED);
        assertThat(events.rule()).isEqualTo(Board.RULE);
        assertThat(events.done()).isTrue();

        byte[] paused = Files.readAllBytes(decisions.resolve(BoardState.FILE));
        BoardState forged = new BoardState(false, 99, Instant.now().toString(), "");
        Files.write(
                decisions.resolve(BoardState.FILE),
                CanonicalJson.write(Envelope.seal(BoardState.TYPE, forged, SigningKey.generate())));
        assertThatThrownBy(() -> board(Optional.of(key)))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(NodeException.Code.BOARD_REFUSED));
        assertThat(caller.chat("scripted", "Hello", "").text())
                .isEqualTo("The elders are meeting.");

        Files.write(decisions.resolve(BoardState.FILE), paused);
        AnswerDesk restarted =
                new AnswerDesk(
                        Optional.empty(), board(Optional.of(key)), AuditTrail.none(), PLACES);
        Caller again = calling(restarted, ScriptedSource.saying("back"));
        assertThat(again.chat("scripted", "Hello", "").text()).isEqualTo("The elders are meeting.");
        BoardState.decide(decisions, false, "", Instant.now(), Optional.of(key));
        await().atMost(GENEROUS)
                .until(() -> again.chat("scripted", "Hello", "").text().equals("back"));
    }

    @Test
    void a_pause_counts_where_the_decision_before_was_deleted_and_no_old_one_ends_it()
            throws Exception {
        Path decisions = directory.resolve("board");
        Path file = decisions.resolve(BoardState.FILE);
        Instant now = Instant.now();
        BoardState.decide(decisions, false, "", now, Optional.empty());
        BoardState.decide(decisions, false, "", now, Optional.empty());
        byte[] old = Files.readAllBytes(file);
        Board board = board(Optional.empty());
        Files.delete(file);
        BoardState.decide(decisions, true, "Wait.", now.plusMillis(5), Optional.empty());
        await().atMost(GENEROUS).until(() -> board.paused().equals(Optional.of("Wait.")));

        Files.write(file, old);
        assertThat(board(Optional.empty()).paused()).contains("Wait.");
        Files.delete(file);
        assertThat(board(Optional.empty()).paused()).contains("Wait.");
        BoardState.decide(decisions, false, "", now.plusMillis(6), Optional.empty());
        assertThat(board(Optional.empty()).paused()).isEmpty();
    }

    /** Work that may fail in any way. */
    private interface Risky<T> {
        T get() throws Exception;
    }

    private static <T> T unchecked(Risky<T> work) {
        try {
            return work.get();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_client_that_goes_away_in_a_stream_costs_nothing_any_more() throws Exception {
        ScriptedSource source = ScriptedSource.talking("on and on ");
        int port = calling(free(), source).port();
        String body = Caller.body("scripted", "Hello", ",\"stream\":true");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(question(body));
            InputStream in = socket.getInputStream();
            assertThat(in.readNBytes(1000)).hasSize(1000);
            assertThat(source.open()).isEqualTo(1);
        }
        await().atMost(GENEROUS).until(() -> source.open() == 0);
    }

    private static byte[] question(String body) {
        return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(body.length(), body)
                .getBytes(UTF_8);
    }

    @Test
    void more_than_can_be_screened_at_once_are_told_to_come_again() throws Exception {
        AnswerDesk full =
                new AnswerDesk(Optional.empty(), board(Optional.empty()), AuditTrail.none(), 0);
        calling(full, ScriptedSource.saying("x"))
                .chat("scripted", "Hello", "")
                .refused(503, "overloaded");
    }

    @Test
    void a_client_that_takes_nothing_is_cut_off() throws Exception {
        ScriptedSource source = ScriptedSource.talking("on and on ".repeat(1000));
        Listening impatient =
                new Listening("127.0.0.1", 0, Optional.empty(), 1 << 20, Duration.ofMillis(300));
        int port = serve(impatient, free(), source).port();
        String body = Caller.body("scripted", "Hello", ",\"stream\":true");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(question(body));
            source.awaitBegun();
            await().atMost(GENEROUS).until(() -> source.open() == 0);
        }
    }

    @Test
    void a_gateway_screens_what_the_server_behind_it_says_and_passes_its_refusals()
            throws Exception {
        ScriptedSource behind = ScriptedSource.saying("One b", "urial", " song", ".");
        ModelApi server = serve(here(Optional.of("the-gateway-has-it")), free(), behind);
        Source gateway = gateway(server.port(), "scripted", "the-gateway-has-it");
        Caller caller = calling(ruled(), gateway);
        Caller.Events events =
                caller.streamedChat("council", "Sing", ",\"seed\":7,\"stop\":[\"#\"]");
        assertThat(events.text()).isEqualTo("One \n\nThese songs belong to the families.");
        Asked asked = behind.asked().orElseThrow();
        assertThat(asked.sampling().seed()).isEqualTo(7);
        assertThat(asked.stops()).containsExactly("#");
        await().atMost(GENEROUS).until(() -> behind.open() == 0);

        calling(free(), gateway(server.port(), "scripted", "another-key-of-length"))
                .chat("council", "Sing", "")
                .refused(502, "model_server_failed");
        calling(free(), gateway(1, "scripted", "the-gateway-has-it"))
                .chat("council", "Sing", "")
                .refused(502, "model_server_failed");
        assertThatThrownBy(
                        () -> ModelServer.at(URI.create("http://10.0.0.1:8000"), Optional.empty()))
                .hasMessageContaining("https");
    }

    @Test
    void a_pause_ends_an_answer_that_the_server_behind_a_gateway_has_not_begun() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Source gateway = gateway(silent.getLocalPort(), "scripted", "the-gateway-has-it");
            Caller caller = calling(free(), gateway);
            CompletableFuture<Caller.Reply> reply =
                    CompletableFuture.supplyAsync(
                            () -> unchecked(() -> caller.chat("council", "Sing", "")));
            try (Socket _ = silent.accept()) {
                BoardState.decide(
                        directory.resolve("board"), true, "Wait.", Instant.now(), Optional.empty());
                assertThat(reply.get(GENEROUS.toSeconds(), TimeUnit.SECONDS).text())
                        .isEqualTo("Wait.");
            }
        }
    }

    @Test
    void what_the_server_behind_a_gateway_filters_is_told_and_what_is_no_event_breaks_it_off()
            throws Exception {
        assertThat(behind("{\"choices\":[{\"text\":\"a\",\"finish_reason\":\"content_filter\"}]}"))
                .containsExactly(new Piece.Text("a"), new Piece.End(Outcome.FILTERED));
        assertThat(behind("{\"choices\":[{\"text\":\"a\"}]}\n\ndata: {torn"))
                .hasSize(2)
                .last()
                .isInstanceOf(Piece.Broken.class);
    }

    private static List<Piece> behind(String events) throws InterruptedException {
        try (GatewayAnswer answer = new GatewayAnswer(new Told("data: " + events + "\n\n"))) {
            List<Piece> pieces = new ArrayList<>();
            while (pieces.isEmpty() || pieces.getLast() instanceof Piece.Text) {
                answer.next(GENEROUS).ifPresent(pieces::add);
            }
            return pieces;
        }
    }

    /** A server that says what it is told to. */
    private record Told(String said) implements ModelServer.Call, ModelServer.Reply {

        @Override
        public ModelServer.Reply send() {
            return this;
        }

        @Override
        public int status() {
            return 200;
        }

        @Override
        public InputStream body() {
            return new ByteArrayInputStream(said.getBytes(UTF_8));
        }

        @Override
        public void close() {}
    }

    @Test
    void only_this_machine_is_this_machine_and_a_model_may_have_a_slash_in_its_name()
            throws Exception {
        assertThatThrownBy(() -> Listening.at("127.evil.example", 0, Optional.empty()))
                .hasMessageContaining("key file");
        assertThatThrownBy(() ->
                        ModelServer.at(URI.create("http://127.evil.example"), Optional.empty()))
                .hasMessageContaining("https");
        assertThat(Listening.at("::1", 0, Optional.empty()).url(80)).isEqualTo("http://[::1]:80/");
        Source slashed =
                new GatewaySource(
                        "org/council",
                        "m",
                        ModelServer.at(URI.create("http://127.0.0.1:1"), Optional.empty()));
        open.add(slashed);
        Caller caller = calling(free(), slashed);
        assertThat(caller.send(caller.to("/v1/models/org/council").GET().build()).status())
                .isEqualTo(200);
    }

    @Test
    void a_gateway_elsewhere_needs_a_record_and_the_bases_name_is_the_bases() {
        assertThatThrownBy(() -> plan("council", "https://models.example", Optional.empty()))
                .hasMessageContaining("--audit");
        plan("council", "https://models.example", Optional.of(directory.resolve("record")));
        plan("council", "http://127.0.0.1:8000", Optional.empty());
        assertThatThrownBy(() -> plan("base", "http://127.0.0.1:8000", Optional.empty()))
                .hasMessageContaining("--name");
    }

    private ServingPlan plan(String name, String gateway, Optional<Path> audit) {
        return new ServingPlan(
                name,
                Optional.empty(),
                Optional.of(new Gateway(URI.create(gateway), "m", Optional.empty())),
                Optional.of(directory),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                audit,
                false,
                here(Optional.empty()),
                EnginePlan.usual(1));
    }

    private Source gateway(int port, String model, String key) {
        Source source =
                new GatewaySource(
                        "council",
                        model,
                        ModelServer.at(
                                URI.create("http://127.0.0.1:%d/v1".formatted(port)),
                                Optional.of(key)));
        open.add(source);
        return source;
    }

    @Test
    void the_record_has_rules_and_sizes_and_no_word_of_the_content() throws Exception {
        Path file = directory.resolve("answers.jsonl");
        Files.writeString(directory.resolve("constitution.yaml"), RULES);
        Guard guard = Guard.read(directory.resolve("constitution.yaml"));
        try (AuditTrail audit = AuditTrail.in(file, false, InstantSource.system())) {
            AnswerDesk desk =
                    new AnswerDesk(Optional.of(guard), board(Optional.empty()), audit, PLACES);
            Caller caller = calling(desk, ScriptedSource.saying("Fine."));
            caller.chat("scripted", "How are you", "");
            caller.chat("scripted", "A burial song please", "");
            await().atMost(GENEROUS).until(() -> Files.readAllLines(file).size() == 2);
        }
        assertThat(Files.readAllLines(file))
                .allMatch(line -> line.contains(guard.digest().hex()))
                .satisfiesExactly(
                        line ->
                                assertThat(line)
                                        .contains(
                                                "\"action\":\"answered\"", "\"answerCharacters\":5")
                                        .doesNotContain("Fine", "How are"),
                        line ->
                                assertThat(line)
                                        .contains("\"rule\":\"burial-songs\"", "\"refused\"")
                                        .doesNotContain("please"));

        assertThat(Files.getPosixFilePermissions(file))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        try (AuditTrail first = AuditTrail.in(file, false, InstantSource.system())) {
            assertThatThrownBy(() -> AuditTrail.in(file, false, InstantSource.system()))
                    .hasMessageContaining("another server writes");
            Thread.currentThread().interrupt();
            first.write(event());
            assertThat(Thread.interrupted()).isTrue();
            first.write(event());
        }
        assertThat(Files.readAllLines(file)).hasSize(4);
        Files.writeString(file, Files.readString(file) + "{\"torn");
        AuditTrail.in(file, false, InstantSource.system()).close();
        assertThat(Files.readAllLines(file)).hasSize(4);
        Files.writeString(
                file,
                Files.readString(file).replace("\"answerCharacters\":5", "\"answerCharacters\":6"));
        assertThatThrownBy(() -> AuditTrail.in(file, false, InstantSource.system()))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(NodeException.Code.AUDIT_BROKEN))
                .hasMessageContaining("line 2");
    }

    private static AuditTrail.Event event() {
        return new AuditTrail.Event(
                "m",
                Optional.empty(),
                Optional.empty(),
                "answered",
                "",
                List.of(),
                1,
                1,
                1,
                1,
                "",
                "");
    }

    @Test
    void the_page_comes_with_a_policy_that_lets_nothing_in_from_elsewhere() throws Exception {
        Caller caller = calling(free(), ScriptedSource.saying("x"));
        for (Page page : Page.values()) {
            Caller.Reply reply = caller.send(caller.to(page.path()).GET().build());
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.raw().headers().firstValue("content-security-policy").orElse(""))
                    .contains("default-src 'none'");
            assertThat(reply.raw().body()).doesNotContain("http://", "https://");
        }
    }
}
