package dev.tapestry.node.egress;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.constitution.RiverPeople;
import dev.tapestry.node.preferences.EndpointJudge;
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

    @BeforeEach
    void serve() throws IOException, CertificateEncodingException {
        Instant now = Instant.now();
        CertificateAuthority ca =
                CertificateAuthority.create(directory.resolve("ca"), "Test", now);
        server = HttpsServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
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
                                    .equals(
                                            exchange.getRequestHeaders()
                                                    .getFirst("Authorization"));
                    byte[] body = reply.getBytes(UTF_8);
                    exchange.sendResponseHeaders(known ? 200 : 401, body.length);
                    exchange.getResponseBody().write(body);
                    exchange.close();
                };
        server.createContext("/v1/chat/completions", handler);
        server.start();
    }

    @AfterEach
    void end() {
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
        return new EndpointJudge(
                gate, "wise", RiverPeople.guard(directory).constitution());
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
                    assertThat(receipt.bytesSent()).isEqualTo(asked.getFirst().getBytes(UTF_8).length);
                    assertThat(receipt.toString()).doesNotContain("Deep.", "secret");
                });
    }

    @Test
    void a_judge_that_says_no_number_gives_no_score() {
        reply = "{\"choices\":[{\"message\":{\"content\":\"It is 10.5 times better\"}}]}";
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
