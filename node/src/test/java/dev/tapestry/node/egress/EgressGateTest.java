package dev.tapestry.node.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.NodeEvent;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeLog;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EgressGateTest {

    private static final String DIGEST = "0".repeat(64);

    @TempDir Path directory;

    private EgressGate gate(URI coordinator, NodeLog log, RetryPolicy.Pause pause)
            throws NoSuchAlgorithmException {
        return EgressGate.to(
                coordinator,
                SSLContext.getDefault(),
                new ReceiptBook(log, InstantSource.system()),
                new RetryPolicy(
                        Duration.ofMillis(500), Duration.ofSeconds(30), new Random(3), pause),
                outage -> {});
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "//collector.example/v1/status",
                "https://collector.example/v1/status",
                "//127.0.0.1:9/v1/status",
                "/v1/status?text=secret",
                "/v1/elsewhere",
                "/v1/../v1/status",
                "/v1/status#secret"
            })
    void what_is_not_the_coordinator_or_not_the_protocol_does_not_leave(String path)
            throws Exception {
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                EgressGate gate = gate(URI.create("https://127.0.0.1:8443"), log, pause -> {})) {
            assertThatThrownBy(() -> gate.send(Message.ask(MessageKind.STATUS, path)))
                    .isInstanceOfSatisfying(
                            NodeException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.EGRESS_REFUSED));
            assertThat(log.events())
                    .singleElement()
                    .satisfies(event -> {
                        Receipt receipt = (Receipt) event;
                        assertThat(receipt.bytesSent()).isZero();
                        assertThat(receipt.outcome()).contains("refused");
                    });
        }
    }

    @Test
    void a_coordinator_that_is_away_is_asked_again_with_growing_pauses_and_nothing_has_left()
            throws Exception {
        List<Duration> pauses = new ArrayList<>();
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                EgressGate gate =
                        gate(
                                URI.create("https://127.0.0.1:" + closedPort()),
                                log,
                                pause -> {
                                    pauses.add(pause);
                                    if (pauses.size() == 12) {
                                        throw new InterruptedException("the story ends");
                                    }
                                })) {
            assertThatThrownBy(
                            () -> gate.send(Message.ask(MessageKind.CONSORTIUM, "/v1/consortium")))
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
            Thread.interrupted();
            List<NodeEvent> events = log.events();
            assertThat(events).isEmpty();
        }
        assertThat(pauses.getFirst()).isBetween(Duration.ofMillis(250), Duration.ofMillis(500));
        assertThat(pauses.getLast()).isBetween(Duration.ofSeconds(15), Duration.ofSeconds(30));
    }

    @Test
    void every_kind_of_message_has_one_form() {
        assertThat(MessageKind.PART_UPLOAD.allows("/v1/parts/" + DIGEST)).isTrue();
        assertThat(MessageKind.PART_UPLOAD.allows("/v1/parts/" + DIGEST + "/more")).isFalse();
        assertThat(MessageKind.SEAL.allows("/v1/rounds/3/contributions/" + DIGEST + "/seal"))
                .isTrue();
        assertThat(MessageKind.SCORE.allows("/v1/rounds/3/contributions")).isFalse();
    }

    private static int closedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
