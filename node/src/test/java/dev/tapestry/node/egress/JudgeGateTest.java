package dev.tapestry.node.egress;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.Message;
import dev.tapestry.corpus.chat.Role;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.constitution.RiverPeople;
import dev.tapestry.node.preferences.EndpointJudge;
import dev.tapestry.node.preferences.PreferenceMaking;
import dev.tapestry.trust.certificate.CertificateAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A judge behind real TLS. */
class JudgeGateTest {

    @TempDir Path directory;
    private final List<Receipt> receipts = new ArrayList<>();
    private final List<String> asked = new ArrayList<>();
    private HttpsServer server;
    private Path authority;
    private volatile String reply = "";
    private volatile boolean endless;
    private final CountDownLatch over = new CountDownLatch(1);

    @BeforeEach
    void serve() throws IOException, CertificateEncodingException {
        Instant now = Instant.now();
        CertificateAuthority ca = CertificateAuthority.create(directory.resolve("ca"), "Test", now);
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(
                new HttpsConfigurator(
                        ca.establishCoordinator(
                                        directory.resolve("identity"),
                                        List.of("127.0.0.1"),
                                        now,
                                        Duration.ofDays(1))
                                .server()));
        authority = directory.resolve("authority.pem");
        Files.writeString(
                authority,
                "-----BEGIN CERTIFICATE-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'})
                                .encodeToString(ca.certificate().getEncoded())
                        + "\n-----END CERTIFICATE-----\n");
        HttpHandler handler =
                exchange -> {
                    asked.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
                    boolean known =
                            "Bearer secret"
                                    .equals(exchange.getRequestHeaders().getFirst("Authorization"));
                    byte[] body = reply.getBytes(UTF_8);
                    if (endless) {
                        exchange.sendResponseHeaders(200, 0);
                        exchange.getResponseBody().write('{');
                        exchange.getResponseBody().flush();
                        awaitEnd();
                    }
                    exchange.sendResponseHeaders(known ? 200 : 401, body.length);
                    exchange.getResponseBody().write(body);
                    exchange.close();
                };
        server.createContext("/v1/chat/completions", handler);
        server.start();
    }

    private void awaitEnd() {
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterEach
    void end() {
        over.countDown();
        server.stop(0);
    }

    private URI address() {
        return URI.create(
                "https://127.0.0.1:" + server.getAddress().getPort() + "/v1/chat/completions");
    }

    private JudgeGate gate(String key, Optional<Path> trusted) {
        return JudgeGate.to(
                address(),
                Optional.of(key),
                trusted,
                new ReceiptBook(receipts::addAll, InstantSource.system()));
    }

    private EndpointJudge judge(JudgeGate gate) {
        return new EndpointJudge(gate, "wise", RiverPeople.guard(directory).constitution());
    }

    @Test
    void a_judgement_comes_through_tls_and_leaves_a_receipt_without_what_was_said() {
        reply = "{\"choices\":[{\"message\":{\"content\":\"Score: 7\"}}]}";
        try (JudgeGate gate = gate("secret", Optional.of(authority))) {
            assertThat(judge(gate).score(Conversation.asking("How deep?"), "Deep.")).hasValue(7);
        }
        assertThat(asked.getFirst())
                .contains("\"model\":\"wise\"", "Send questions about ceremonies", "Deep.");
        assertThat(receipts)
                .singleElement()
                .satisfies(receipt -> {
                    assertThat(receipt.kind()).isEqualTo(MessageKind.JUDGEMENT);
                    assertThat(receipt.bytesSent())
                            .isEqualTo(asked.getFirst().getBytes(UTF_8).length);
                    assertThat(receipt.toString()).doesNotContain("Deep.", "secret");
                });
    }

    private void says(String content) {
        reply = "{\"choices\":[{\"message\":{\"content\":\"" + content + "\"}}]}";
    }

    @Test
    void nothing_that_a_rule_is_about_arrives_at_the_judge() {
        says("5");
        Conversation plain = Conversation.asking("How deep is it?");
        Conversation redacted = Conversation.asking("Is Ostrava field flooded?");
        Conversation earlier =
                new Conversation(
                        List.of(
                                new Message(Role.USER, "What do they sing?"),
                                new Message(Role.ASSISTANT, "A burial song."),
                                new Message(Role.USER, "And else?")));
        Conversation system =
                new Conversation(
                        List.of(
                                new Message(Role.SYSTEM, "You know the song of the ferry."),
                                new Message(Role.USER, "Who are you?")));
        try (JudgeGate gate = gate("secret", Optional.of(authority))) {
            new PreferenceMaking(
                            RiverPeople.guard(directory),
                            (_, _) -> List.of("Deep.", "By plot c 9.", "Ask where to dig."),
                            judge(gate),
                            new StopSignal())
                    .run(
                            List.of(redacted, earlier, system, plain),
                            directory.resolve("pairs.jsonl"));
        }
        assertThat(asked).singleElement().asString().contains("How deep is it?", "Deep.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"8", "8.", "Score: 8.", "8/10", "It is 8, I think"})
    void a_number_may_end_a_sentence(String content) {
        says(content);
        try (JudgeGate gate = gate("secret", Optional.of(authority))) {
            assertThat(judge(gate).score(Conversation.asking("How?"), "So.")).hasValue(8);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"It is 10.5 times better", "10,5", "-3", "7-8", "2026", "I cannot tell"})
    void a_judge_that_says_no_number_gives_no_score(String content) {
        says(content);
        try (JudgeGate gate = gate("secret", Optional.of(authority))) {
            assertThat(judge(gate).score(Conversation.asking("How?"), "So.")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "{\"choices\":[]}", "[1"})
    void an_answer_that_is_no_completion_is_refused(String other) {
        reply = other;
        try (JudgeGate gate = gate("secret", Optional.of(authority))) {
            refused(Code.JUDGE_FAILED, () -> judge(gate).score(Conversation.asking("a"), "b"));
        }
    }

    @Test
    void a_wrong_key_and_an_unknown_authority_are_told_and_have_receipts() {
        try (JudgeGate gate = gate("guess", Optional.of(authority))) {
            refused(Code.JUDGE_FAILED, () -> gate.ask(new byte[] {'x'}));
        }
        try (JudgeGate gate = gate("secret", Optional.empty())) {
            refused(Code.JUDGE_FAILED, () -> gate.ask(new byte[] {'x'}));
        }
        assertThat(receipts).extracting(Receipt::outcome).containsExactly("401", "broke off");
        assertThat(asked).hasSize(1);
    }

    @Test
    void a_key_that_is_not_one_line_is_refused_and_not_printed() {
        assertThatThrownBy(() -> gate("sec\nret", Optional.empty()))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.CONFIG_INVALID))
                .hasMessageContaining("one line")
                .hasMessageNotContaining("sec");
    }

    @Test
    void an_answer_that_never_ends_is_given_up() {
        endless = true;
        try (JudgeGate gate =
                JudgeGate.to(
                        address(),
                        Optional.of("secret"),
                        Optional.of(authority),
                        new ReceiptBook(receipts::addAll, InstantSource.system()),
                        Duration.ofSeconds(2))) {
            refused(Code.JUDGE_FAILED, () -> gate.ask(new byte[] {'x'}));
        }
        assertThat(receipts).extracting(Receipt::outcome).containsExactly("broke off");
    }

    @Test
    void an_answer_without_end_is_cut_off() {
        reply = "x".repeat((1 << 20) + 1);
        try (JudgeGate gate = gate("secret", Optional.of(authority))) {
            refused(Code.JUDGE_FAILED, () -> gate.ask(new byte[] {'x'}));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://judge.example.org/v1/chat/completions",
                "https://user@judge.example.org/v1/chat/completions",
                "https://judge.example.org/v1/models",
                "file:///v1/chat/completions",
                "http://localhost.example.org/v1/chat/completions"
            })
    void another_address_is_not_spoken_to(String address) {
        refused(
                Code.EGRESS_REFUSED,
                () ->
                        JudgeGate.to(
                                URI.create(address),
                                Optional.empty(),
                                Optional.empty(),
                                new ReceiptBook(receipts::addAll, InstantSource.system())));
    }

    private static void refused(Code code, Runnable asking) {
        assertThatThrownBy(asking::run)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
