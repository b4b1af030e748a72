package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.protocol.RoundView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that no honest client sends, on a real port, byte by byte. */
class HttpAttackTest {

    private static final String HEAD = " HTTP/1.1\r\nHost: x\r\nTapestry-Protocol: 1\r\n";
    private static final String GET = "GET /v1/status" + HEAD;
    private static final String POST = "POST /v1/enrolments" + HEAD;
    private static final String CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n";
    private static final String SECOND = "GET /v1/consortium" + HEAD + "\r\n";

    /** As in earnest, but that who was refused has ten seconds to leave. */
    private static final Doorkeeper.Limits HASTY =
            new Doorkeeper.Limits(
                    64,
                    8,
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(90),
                    Duration.ofSeconds(30),
                    1024,
                    Duration.ofSeconds(20));

    @TempDir Path folder;

    @Test
    void what_is_not_http_is_refused_with_a_code_and_the_connection_ends() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            for (Map.Entry<String, String> attack : attacks().entrySet()) {
                try (RawConnection raw = stranger(stage)) {
                    write(raw, attack.getValue());
                    assertThat(raw.reply().code()).as(attack.getKey()).isEqualTo("BAD_REQUEST");
                    assertThat(raw.ends()).as(attack.getKey()).isTrue();
                }
            }
            stage.member(0).client.get("/v1/round").as(200, RoundView.class);
        }
    }

    /** What comes after the attack must never be read as a request of its own. */
    private static SequencedMap<String, String> attacks() {
        SequencedMap<String, String> attacks = new LinkedHashMap<>();
        attacks.put("a line without end", "GET /v1/" + "a".repeat(100_000) + HEAD + "\r\n");
        attacks.put("a header without end", GET + "X: " + "a".repeat(100_000) + "\r\n\r\n");
        attacks.put("headers without end", GET + "X: a\r\n".repeat(20_000) + "\r\n");
        attacks.put("no host", "GET /v1/status HTTP/1.1\r\n\r\n");
        attacks.put("two hosts", GET + "Host: y\r\n\r\n");
        attacks.put("a folded header", GET + "X: a\r\n b\r\n\r\n");
        attacks.put("a header without colon", GET + "X\r\n\r\n");
        attacks.put("NUL in a header", GET + "X: a\0b\r\n\r\n");
        attacks.put("lines that end in LF", "GET /v1/status HTTP/1.1\nHost: x\n\n");
        attacks.put("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        attacks.put("HTTP/1.0", "GET /v1/status HTTP/1.0\r\nHost: x\r\n\r\n");
        attacks.put("HTTP/0.9", "GET /v1/status\r\n\r\n");
        attacks.put("HTTP/9.9", "GET /v1/status HTTP/9.9\r\nHost: x\r\n\r\n");
        attacks.put("a method that is no token", "\1\2 /v1/status" + HEAD + "\r\n");
        attacks.put("a method of two words", "G T /v1/status" + HEAD + "\r\n");
        attacks.put("NUL in a path", "GET /v1/status\0" + HEAD + "\r\n");
        attacks.put("a path with backslashes", "GET \\v1\\status" + HEAD + "\r\n");
        attacks.put("percent and no digits", "GET /v1/%zz" + HEAD + "\r\n");
        attacks.put("a query with loose percents", "GET /v1/status?a=%zz&&&=" + HEAD + "\r\n");
        attacks.put("two framings", POST + length("5") + chunked("chunked") + "\r\n0\r\n\r\n");
        attacks.put(
                "two framings, turned", POST + chunked("chunked") + length("5") + "\r\n0\r\n\r\n");
        attacks.put("two lengths", POST + length("5") + length("6") + "\r\n{}{}{}");
        for (String bad : List.of("5, 5", "-5", "+5", "0x5", "", "99999999999999999999")) {
            attacks.put("length '" + bad + "'", POST + length(bad) + "\r\n{}{}{}");
        }
        for (String bad : List.of("identity", "xchunked", "chunked, identity", "gzip, chunked")) {
            attacks.put("encoding '" + bad + "'", POST + chunked(bad) + "\r\n0\r\n\r\n");
        }
        attacks.put(
                "a blank before the colon", POST + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n");
        for (String bad :
                List.of(
                        "-1",
                        "fffffffffffffffff",
                        "7fffffffffffffff",
                        "zz",
                        "",
                        "2;" + "a".repeat(50_000))) {
            attacks.put(
                    "chunk " + bad.substring(0, Math.min(20, bad.length())),
                    CHUNKED + bad + "\r\n{}\r\n0\r\n\r\n");
        }
        attacks.put("a chunk longer than its size", CHUNKED + "2\r\n{}{}{}{}\r\n0\r\n\r\n");
        attacks.put(
                "trailers without end",
                CHUNKED + "2\r\n{}\r\n0\r\n" + "T: a\r\n".repeat(20_000) + "\r\n");
        attacks.replaceAll((_, bytes) -> bytes + SECOND);
        return attacks;
    }

    private static String length(String value) {
        return "Content-Length: " + value + "\r\n";
    }

    private static String chunked(String value) {
        return "Transfer-Encoding: " + value + "\r\n";
    }

    /** The coordinator may answer, and close, before everything is written. */
    private static void write(RawConnection raw, String bytes) {
        try {
            raw.send(bytes);
        } catch (IOException _) {
            // What it said is read by the caller.
        }
    }

    @Test
    void however_a_path_is_spelt_the_rules_of_its_route_decide() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            for (String path :
                    List.of(
                            "/v1/../v1/consortium",
                            "//v1//consortium",
                            "/v1/consortium;a=b",
                            "/v1/%63onsortium",
                            "/v1%2fconsortium",
                            "/v1/status/../consortium",
                            "http://elsewhere/v1/consortium",
                            "/v1/consortium?/v1/status")) {
                assertThat(answered(stage, "GET " + path + HEAD))
                        .as(path)
                        .isEqualTo("CERTIFICATE_NEEDED");
            }
            for (String path :
                    List.of(
                            "/v1/%2e%2e/v1/consortium",
                            "/v1/status/%2e%2e/consortium",
                            "/v1/consortium/",
                            "/v1/consortium%00",
                            "/v1/consortium#/v1/status",
                            "/v1/models/..%2f..%2fsteward",
                            "/../../etc/passwd",
                            "*")) {
                assertThat(answered(stage, "GET " + path + HEAD))
                        .as(path)
                        .isIn("UNKNOWN_ROUTE", "BAD_REQUEST", "CERTIFICATE_NEEDED");
            }
            for (String method :
                    List.of("TRACE", "CONNECT", "OPTIONS", "DELETE", "PATCH", "WIBBLE")) {
                assertThat(answered(stage, method + " /v1/consortium" + HEAD))
                        .as(method)
                        .isEqualTo("UNKNOWN_ROUTE");
            }
        }
    }

    @Test
    void an_upgrade_to_another_protocol_is_not_offered() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1))) {
            for (String other : List.of("h2c", "websocket", "TLS/1.0")) {
                assertThat(
                                answered(
                                        stage,
                                        GET
                                                + "Connection: Upgrade, HTTP2-Settings\r\n"
                                                + "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
                                                + "Upgrade: "
                                                + other
                                                + "\r\n"))
                        .as(other)
                        .startsWith("200 ");
            }
        }
    }

    @Test
    void a_length_that_lies_costs_the_coordinator_nothing() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), HASTY).withMembers("ada")) {
            try (RawConnection stranger = stranger(stage);
                    RawConnection ada =
                            new RawConnection(
                                    stage.coordinator.address(),
                                    stage.member(0).identity.client())) {
                stranger.send(POST + length("9223372036854775807") + "\r\n{");
                assertThat(stranger.reply().code()).isEqualTo("BODY_TOO_LARGE");
                ada.send(
                        "PUT /v1/parts/"
                                + stage.base()
                                + HEAD
                                + length("9223372036854775807")
                                + "\r\n{");
                assertThat(ada.reply().code()).isEqualTo("NOT_AWAITED");
                assertThat(stranger.ends()).isTrue();
                assertThat(ada.ends()).isTrue();
            }
        }
    }

    private static String answered(Stage stage, String head) throws IOException {
        try (RawConnection raw = stranger(stage)) {
            raw.send(head + "\r\n");
            return raw.reply().code();
        }
    }

    private static RawConnection stranger(Stage stage) {
        return new RawConnection(stage.coordinator.address(), stage.stranger());
    }
}
