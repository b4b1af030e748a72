package dev.tapestry.node.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.NodeEvent;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EgressGateTest {

    private static final String DIGEST = "0".repeat(64);

    /** Where nobody listens; of the kernel's own choice it could be somebody's a moment later. */
    private static final int CLOSED_PORT = 1;

    @TempDir Path directory;

    private EgressGate gate(URI coordinator, NodeLog log, RetryPolicy.Pause pause)
            throws NoSuchAlgorithmException {
        return gate(coordinator, SSLContext.getDefault(), log, pause);
    }

    private static EgressGate gate(
            URI coordinator, SSLContext tls, NodeLog log, RetryPolicy.Pause pause) {
        return EgressGate.to(
                coordinator,
                Optional.empty(),
                tls,
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
    void what_belongs_into_a_store_does_not_go_through_the_coordinator_s_gate() throws Exception {
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                EgressGate gate = gate(URI.create("https://127.0.0.1:8443"), log, pause -> {})) {
            assertThatThrownBy(() ->
                            gate.send(
                                    Message.ask(
                                            MessageKind.BOX_UPLOAD, "s3://bucket/results.json")))
                    .isInstanceOfSatisfying(
                            NodeException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.EGRESS_REFUSED));
        }
    }

    @Test
    void a_coordinator_that_is_away_is_asked_again_with_growing_pauses_and_nothing_has_left()
            throws Exception {
        List<Duration> pauses = new ArrayList<>();
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                EgressGate gate =
                        gate(
                                URI.create("https://127.0.0.1:" + CLOSED_PORT),
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
            List<NodeEvent> events = log.events().toList();
            assertThat(events).isEmpty();
        }
        assertThat(pauses.getFirst()).isBetween(Duration.ofMillis(250), Duration.ofMillis(500));
        assertThat(pauses.getLast()).isBetween(Duration.ofSeconds(15), Duration.ofSeconds(30));
    }

    @Test
    void after_a_day_without_a_coordinator_the_message_arrives_and_no_pause_was_above_the_cap()
            throws Exception {
        Instant gone = Instant.parse("2026-11-27T12:00:00Z");
        Duration cap = Duration.ofSeconds(30);
        AtomicReference<Instant> now = new AtomicReference<>(gone);
        List<Duration> pauses = new ArrayList<>();
        List<EgressGate.Outage> outages = new ArrayList<>();
        List<String> arrived = new CopyOnWriteArrayList<>();
        HttpHandler taking =
                exchange -> {
                    arrived.add(exchange.getRequestURI().toString());
                    takeAndThank(exchange);
                };
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                SmallServer server = SmallServer.away(directory, taking)) {
            // Time passes in pauses only, and a day of it brings the coordinator back.
            RetryPolicy.Pause pause =
                    pausing -> {
                        pauses.add(pausing);
                        Instant before = now.getAndUpdate(at -> at.plus(pausing));
                        Instant back = gone.plus(Duration.ofDays(1));
                        if (before.isBefore(back) && !now.get().isBefore(back)) {
                            come(server);
                        }
                    };
            try (EgressGate gate =
                    EgressGate.to(
                            server.address(),
                            Optional.empty(),
                            server.client(),
                            new ReceiptBook(log, now::get),
                            new RetryPolicy(Duration.ofMillis(500), cap, new Random(3), pause),
                            outages::add)) {
                assertThat(gate.send(document(1000))).isInstanceOf(Answer.Accepted.class);
            }
            assertThat(arrived).as("once").containsExactly("/v1/rounds/1/scores");
            assertThat(log.events())
                    .as("nothing left while nobody was there to take it")
                    .singleElement()
                    .satisfies(event -> {
                        Receipt receipt = (Receipt) event;
                        assertThat(receipt.bytesSent()).isEqualTo(1000);
                        assertThat(receipt.at()).isEqualTo(now.get());
                    });
        }
        assertThat(Duration.between(gone, now.get()))
                .as("it is asked again as soon as a pause allows")
                .isBetween(Duration.ofDays(1), Duration.ofDays(1).plus(cap));
        assertThat(pauses)
                .hasSizeBetween(24 * 60 * 2, 24 * 60 * 4 + 10)
                .allSatisfy(pausing -> assertThat(pausing).isLessThanOrEqualTo(cap));
        assertThat(outages).hasSameSizeAs(pauses);
        assertThat(outages.getLast().failures()).isEqualTo(pauses.size());
    }

    private static void come(SmallServer server) {
        try {
            server.comes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void what_was_to_go_to_a_closed_port_has_not_left_and_has_no_receipt() throws Exception {
        URI nobody = URI.create("https://127.0.0.1:" + CLOSED_PORT);
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"))) {
            try (EgressGate gate = gate(nobody, log, pause -> {})) {
                for (Message message : List.of(document(1000), part(1000, 1000))) {
                    assertThatThrownBy(() -> gate.once(message, new ReplySink.Memory()))
                            .isInstanceOf(ConnectException.class);
                }
                assertThat(gate.traffic().up()).isZero();
            }
            assertThat(log.events()).isEmpty();
        }
    }

    @Test
    void the_receipt_of_a_connection_that_was_cut_says_what_was_handed_over() throws Exception {
        int bytes = 32 << 20; // more than the buffers between here and there hold
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"))) {
            try (SmallServer server = SmallServer.cutting(directory);
                    EgressGate gate = gate(server.address(), server.client(), log, pause -> {})) {
                for (Message message : List.of(document(bytes), part(bytes, bytes))) {
                    assertThatThrownBy(() -> gate.once(message, new ReplySink.Memory()))
                            .isInstanceOf(IOException.class);
                }
            }
            assertThat(log.events())
                    .hasSize(2)
                    .allSatisfy(event -> {
                        Receipt receipt = (Receipt) event;
                        assertThat(receipt.bytesSent()).isBetween(1L, bytes - 1L);
                        assertThat(receipt.content()).isEmpty();
                        assertThat(receipt.outcome()).startsWith("interrupted");
                    });
        }
    }

    @Test
    void a_part_that_cannot_be_read_is_a_fault_of_the_disk_and_is_not_tried_again()
            throws Exception {
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                SmallServer server = SmallServer.cutting(directory);
                EgressGate gate =
                        gate(
                                server.address(),
                                server.client(),
                                log,
                                pause -> {
                                    throw new InterruptedException("it is tried again");
                                })) {
            assertThatThrownBy(() -> gate.send(part(1000, 2000)))
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STORAGE))
                    .hasMessageContaining("ends at byte 1000");
        }
    }

    @Test
    void a_document_that_does_not_end_is_no_answer_and_is_not_asked_for_again() throws Exception {
        HttpHandler endless =
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    byte[] block = new byte[1 << 20];
                    for (int i = 0; i < 40; i++) {
                        exchange.getResponseBody().write(block);
                    }
                    exchange.close();
                };
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                SmallServer server = new SmallServer(directory, endless);
                EgressGate gate =
                        gate(
                                server.address(),
                                server.client(),
                                log,
                                pause -> {
                                    throw new InterruptedException("it is tried again");
                                })) {
            assertThatThrownBy(() -> gate.send(Message.ask(MessageKind.STATUS, "/v1/status")))
                    .isInstanceOfSatisfying(
                            NodeException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.MALFORMED_REPLY));
        }
    }

    @Test
    void messages_follow_each_other_on_one_connection() throws Exception {
        Set<InetSocketAddress> peers = ConcurrentHashMap.newKeySet();
        HttpHandler polite =
                exchange -> {
                    peers.add(exchange.getRemoteAddress());
                    takeAndThank(exchange);
                };
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                SmallServer server = new SmallServer(directory, polite);
                EgressGate gate = gate(server.address(), server.client(), log, pause -> {})) {
            for (int i = 0; i < 5; i++) {
                gate.send(document(10));
                gate.send(part(100_000, 100_000));
            }
        }
        assertThat(peers).hasSize(1);
    }

    @Test
    void whatever_left_has_its_receipt_as_soon_as_it_is_answered() throws Exception {
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                SmallServer server = new SmallServer(directory, EgressGateTest::takeAndThank);
                EgressGate gate = gate(server.address(), server.client(), log, pause -> {})) {
            for (int sent = 1; sent <= 3; sent++) {
                gate.send(part(1000, 1000));
                // What another process sees, and what is still there after a kill.
                try (NodeLog seen = NodeLog.readOnly(directory.resolve("log.db"))) {
                    assertThat(seen.events()).hasSize(sent);
                }
            }
        }
    }

    @Test
    void a_peer_that_takes_nothing_is_given_up() throws Exception {
        int bytes = 32 << 20; // more than the buffers between here and there hold
        HttpHandler idle = exchange -> LockSupport.park();
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"))) {
            try (SmallServer server = new SmallServer(directory, idle);
                    EgressGate gate =
                            new EgressGate(
                                    server.address(),
                                    Line.with(server.client(), Optional.empty()),
                                    new ReceiptBook(log, InstantSource.system()),
                                    RetryPolicy.standard(new Random(3)),
                                    outage -> {},
                                    Duration.ofMillis(300))) {
                assertThatThrownBy(() -> gate.once(part(bytes, bytes), new ReplySink.Memory()))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("nothing moved for 300 ms");
            }
            assertThat(log.events())
                    .singleElement()
                    .satisfies(event ->
                            assertThat(((Receipt) event).outcome()).contains("nothing moved"));
        }
    }

    @Test
    void parts_ask_before_they_send_their_body() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        HttpHandler noting =
                exchange -> {
                    asked.add(String.valueOf(exchange.getRequestHeaders().getFirst("Expect")));
                    takeAndThank(exchange);
                };
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
                SmallServer server = new SmallServer(directory, noting);
                EgressGate gate = gate(server.address(), server.client(), log, pause -> {})) {
            gate.send(part(100, 100));
            gate.send(document(100));
        }
        assertThat(asked).containsExactly("100-continue", "null");
    }

    @Test
    void a_wait_for_an_answer_ends_when_the_node_is_stopped_and_has_its_receipt() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        HttpHandler silent =
                exchange -> {
                    asked.countDown();
                    LockSupport.park();
                };
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"))) {
            try (SmallServer server = new SmallServer(directory, silent);
                    EgressGate gate = gate(server.address(), server.client(), log, pause -> {})) {
                AtomicReference<Throwable> end = new AtomicReference<>();
                Thread node =
                        Thread.ofPlatform()
                                .uncaughtExceptionHandler((_, failure) -> end.set(failure))
                                .start(() ->
                                        gate.send(
                                                Message.ask(
                                                        MessageKind.ROUND,
                                                        "/v1/round?after=1&wait=50")));
                asked.await();
                node.interrupt();
                assertThat(node.join(Duration.ofMinutes(1))).isTrue();
                assertThat(end.get())
                        .isInstanceOfSatisfying(
                                NodeException.class,
                                e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
            }
            assertThat(log.events())
                    .singleElement()
                    .satisfies(event ->
                            assertThat(((Receipt) event).outcome()).startsWith("interrupted"));
        }
    }

    private static void takeAndThank(HttpExchange exchange) throws IOException {
        exchange.getRequestBody().readAllBytes();
        exchange.sendResponseHeaders(200, -1);
        exchange.close();
    }

    private static Message document(int bytes) {
        return Message.tell(MessageKind.SCORE, "/v1/rounds/1/scores", new byte[bytes]);
    }

    /** A part of so many bytes in a file that perhaps has fewer. */
    private Message part(int fileBytes, int partBytes) throws IOException {
        Path file = Files.write(directory.resolve("weights"), new byte[fileBytes]);
        Digest digest = new Digest(DIGEST);
        return Message.part(new Message.Content.Slice(file, 0, partBytes, digest), true, false);
    }

    @Test
    void every_kind_of_message_has_one_form() {
        assertThat(MessageKind.PART_UPLOAD.allows("/v1/parts/" + DIGEST)).isTrue();
        assertThat(MessageKind.PART_UPLOAD.allows("/v1/parts/" + DIGEST + "/more")).isFalse();
        assertThat(MessageKind.SEAL.allows("/v1/rounds/3/contributions/" + DIGEST + "/seal"))
                .isTrue();
        assertThat(MessageKind.SCORE.allows("/v1/rounds/3/contributions")).isFalse();
        String box = "s3://bucket/rounds/helsinki/";
        assertThat(MessageKind.BOX_UPLOAD.allows(box + "results/" + DIGEST)).isTrue();
        assertThat(MessageKind.BOX_UPLOAD.allows(box + "orders.json")).isTrue();
        assertThat(MessageKind.BOX_UPLOAD.allows(box + "results/text.txt")).isFalse();
        assertThat(MessageKind.BOX_UPLOAD.allows(box + "../results.jsonl")).isFalse();
        assertThat(MessageKind.BOX_UPLOAD.allows("/v1/parts/" + DIGEST)).isFalse();
    }
}
