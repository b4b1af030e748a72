package dev.tapestry.node.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeLog;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.transfer.CodedInput;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When parts travel compressed, and what comes of it on the way. */
class CompressionTest {

    private static final double SLOW = 1e5;
    private static final double FAST = 1e10;
    private static final int BYTES = 1_000_000;

    @TempDir Path directory;

    private final Map<Digest, byte[]> kept = new ConcurrentHashMap<>();
    private final List<String> codings = new CopyOnWriteArrayList<>();
    private NodeLog log;

    @BeforeEach
    void open() {
        log = NodeLog.open(directory.resolve("log.db"), new MemberId("espoo"));
    }

    @AfterEach
    void close() {
        log.close();
    }

    private EgressGate gate(SmallServer server) {
        return EgressGate.to(
                server.address(),
                Optional.empty(),
                server.client(),
                new ReceiptBook(log, InstantSource.system()),
                new RetryPolicy(
                        Duration.ofMillis(500), Duration.ofSeconds(30), new Random(3), _ -> {}),
                _ -> {});
    }

    /** Takes parts, compressed or not, and gives them likewise; a coordinator of today. */
    private void keep(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().set(Protocol.PART_CODING_HEADER, "zstd");
        Digest part = new Digest(exchange.getRequestURI().getPath().replaceFirst(".*/", ""));
        if (exchange.getRequestMethod().equals("PUT")) {
            String coding = exchange.getRequestHeaders().getFirst("Content-Encoding");
            codings.add(String.valueOf(coding));
            InputStream body = exchange.getRequestBody();
            byte[] bytes =
                    "zstd".equals(coding)
                            ? new CodedInput(body, BYTES).readAllBytes()
                            : body.readAllBytes();
            kept.put(part, bytes);
            exchange.sendResponseHeaders(204, -1);
        } else {
            String asked = exchange.getRequestHeaders().getFirst("Accept-Encoding");
            codings.add(String.valueOf(asked));
            byte[] bytes = kept.getOrDefault(part, new byte[0]);
            if ("zstd".equals(asked)) {
                exchange.getResponseHeaders().set("Content-Encoding", "zstd");
                bytes = Zstd.compress(bytes, 1);
            }
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
        exchange.close();
    }

    /** Codes of four bits of normal numbers, as in a coded update. */
    private static byte[] nibbles() {
        Random random = new Random(3);
        byte[] codes = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            codes[i] = (byte) (nibble(random) << 4 | nibble(random));
        }
        return codes;
    }

    private static int nibble(Random random) {
        return Math.clamp(Math.round(random.nextGaussian() * 2), -7, 7) & 15;
    }

    private static byte[] noise() {
        byte[] noise = new byte[BYTES];
        new Random(4).nextBytes(noise);
        return noise;
    }

    private ModelManifest file(byte[] bytes) throws IOException {
        Path file = Files.write(directory.resolve("update.safetensors"), bytes);
        return new ModelManifest(List.of(Manifests.file(file)));
    }

    private Optional<Answer.Refused> send(EgressGate gate, ModelManifest manifest) {
        List<Digest> parts = manifest.parts().stream().map(ModelManifest.Part::digest).toList();
        return new PartSender(new CoordinatorClient(gate), 4, () -> {})
                .send(directory, manifest, parts);
    }

    private void fetch(EgressGate gate, ModelManifest manifest) throws IOException {
        new ModelReceiver(new CoordinatorClient(gate), directory, 4, () -> {})
                .receive(
                        manifest.files().getFirst(),
                        Files.createDirectories(directory.resolve("fetched")));
    }

    /** A coordinator has said in some answer what it takes. */
    private static EgressGate greeted(EgressGate gate) {
        try {
            gate.once(Message.fetch(new Digest("0".repeat(64)), false), new ReplySink.Memory());
        } catch (IOException | RuntimeException _) {
            // It has no such part; what counts is its answer's head.
        }
        return gate;
    }

    private List<Receipt> receipts(String method) {
        return log.events()
                .map(Receipt.class::cast)
                .filter(receipt -> receipt.method().equals(method))
                .toList();
    }

    @Test
    void codes_on_a_slow_line_arrive_in_fewer_bytes_with_the_same_digest_both_ways()
            throws Exception {
        ModelManifest manifest = file(nibbles());
        Digest digest = manifest.parts().getFirst().digest();
        try (SmallServer server = new SmallServer(directory, this::keep);
                EgressGate gate = gate(server)) {
            kept.put(new Digest("0".repeat(64)), new byte[1]);
            greeted(gate);
            gate.up().found(SLOW);
            gate.down().found(SLOW);
            assertThat(send(gate, manifest)).isEmpty();
            assertThat(Digest.of(kept.getOrDefault(digest, new byte[0]))).isEqualTo(digest);
            fetch(gate, manifest);
            assertThat(
                            Digest.of(
                                    Files.readAllBytes(
                                            directory.resolve("fetched/update.safetensors"))))
                    .isEqualTo(digest);
        }
        assertThat(codings).containsExactly("null", "zstd", "zstd");
        Receipt up = receipts("PUT").getFirst();
        assertThat(up.bytesSent()).isBetween(BYTES / 2L, BYTES * 9 / 10L);
        assertThat(up.content()).as("of what was sent, not of its wrapping").contains(digest);
        assertThat(receipts("GET").getLast().bytesReceived())
                .isBetween(BYTES / 2L, BYTES * 9 / 10L);
    }

    @Test
    void noise_fast_lines_and_lines_that_nobody_knows_carry_parts_as_they_are() throws Exception {
        kept.put(new Digest("0".repeat(64)), new byte[1]);
        try (SmallServer server = new SmallServer(directory, this::keep);
                EgressGate gate = greeted(gate(server))) {
            send(gate, file(nibbles())); // and now it has a rate
            gate.up().found(SLOW);
            send(gate, file(noise()));
            gate.up().found(FAST);
            gate.down().found(FAST);
            send(gate, file(nibbles()));
            fetch(gate, file(nibbles()));
        }
        assertThat(codings).containsExactly("null", "null", "null", "null", "null");
    }

    @Test
    void an_older_coordinator_is_sent_and_asked_for_nothing_new() throws Exception {
        HttpHandler older =
                exchange -> {
                    codings.add(
                            String.valueOf(exchange.getRequestHeaders().get("Content-Encoding")));
                    codings.add(
                            String.valueOf(exchange.getRequestHeaders().get("Accept-Encoding")));
                    boolean put = exchange.getRequestMethod().equals("PUT");
                    exchange.getRequestBody().readAllBytes();
                    exchange.sendResponseHeaders(put ? 204 : 200, put ? -1 : BYTES);
                    if (!put) {
                        exchange.getResponseBody().write(nibbles());
                    }
                    exchange.close();
                };
        ModelManifest manifest = file(nibbles());
        try (SmallServer server = new SmallServer(directory, older);
                EgressGate gate = gate(server)) {
            gate.up().found(SLOW);
            gate.down().found(SLOW);
            assertThat(send(gate, manifest)).isEmpty();
            fetch(gate, manifest);
        }
        assertThat(codings).containsOnly("null").hasSize(4);
    }

    @Test
    void a_compressed_part_that_is_refused_goes_as_it_is_before_that_counts() throws Exception {
        HttpHandler changed =
                exchange -> {
                    if (exchange.getRequestHeaders().containsKey("Content-Encoding")) {
                        codings.add("refused");
                        exchange.getRequestBody().readAllBytes();
                        byte[] reply =
                                CanonicalJson.write(new ErrorReply("UNKNOWN_CODING", "not here"));
                        exchange.sendResponseHeaders(415, reply.length);
                        exchange.getResponseBody().write(reply);
                        exchange.close();
                    } else {
                        keep(exchange);
                    }
                };
        kept.put(new Digest("0".repeat(64)), new byte[1]);
        ModelManifest manifest = file(nibbles());
        try (SmallServer server = new SmallServer(directory, changed);
                EgressGate gate = greeted(gate(server))) {
            gate.up().found(SLOW);
            assertThat(send(gate, manifest)).isEmpty();
        }
        assertThat(codings).containsExactly("null", "refused", "null");
        assertThat(kept.get(manifest.parts().getFirst().digest())).isEqualTo(nibbles());
    }

    @Test
    void a_compressed_part_whose_connection_was_cut_is_sent_again_whole() throws Exception {
        AtomicInteger attempts = new AtomicInteger();
        HttpHandler cutting =
                exchange -> {
                    if (exchange.getRequestMethod().equals("PUT")
                            && attempts.incrementAndGet() <= 2) {
                        exchange.getRequestBody().readNBytes(100_000);
                        exchange.close();
                    } else {
                        keep(exchange);
                    }
                };
        kept.put(new Digest("0".repeat(64)), new byte[1]);
        ModelManifest manifest = file(nibbles());
        Digest digest = manifest.parts().getFirst().digest();
        try (SmallServer server = new SmallServer(directory, cutting);
                EgressGate gate = greeted(gate(server))) {
            gate.up().found(SLOW);
            assertThat(send(gate, manifest)).isEmpty();
        }
        assertThat(attempts).hasValue(3);
        assertThat(kept.getOrDefault(digest, new byte[0])).isEqualTo(nibbles());
        assertThat(receipts("PUT"))
                .hasSize(3)
                .filteredOn(receipt -> receipt.content().isPresent())
                .as("whoever was cut off has not sent it")
                .extracting(Receipt::outcome)
                .contains("204");
    }

    @Test
    void what_comes_wrapped_and_is_not_the_part_is_fetched_as_it_is() throws Exception {
        byte[] right = nibbles();
        ModelManifest manifest = file(right);
        byte[] frame = Zstd.compress(right, 1);
        for (byte[] wrong :
                List.of(
                        Zstd.compress(new byte[32 << 20], 1), // a bomb
                        Zstd.compress(Arrays.copyOf(right, BYTES - 1)),
                        Zstd.compress(noise()),
                        Arrays.copyOf(frame, frame.length - 1),
                        right)) {
            codings.clear();
            Files.deleteIfExists(directory.resolve("fetched/update.safetensors"));
            HttpHandler lying =
                    exchange -> {
                        if (exchange.getRequestHeaders().containsKey("Accept-Encoding")) {
                            codings.add("lied");
                            exchange.getResponseHeaders().set("Content-Encoding", "zstd");
                            exchange.sendResponseHeaders(200, wrong.length);
                            new ByteArrayInputStream(wrong).transferTo(exchange.getResponseBody());
                            exchange.close();
                        } else {
                            keep(exchange);
                        }
                    };
            kept.put(new Digest("0".repeat(64)), new byte[1]);
            kept.put(manifest.parts().getFirst().digest(), right);
            try (SmallServer server =
                            new SmallServer(Files.createTempDirectory(directory, "s"), lying);
                    EgressGate gate = greeted(gate(server))) {
                gate.down().found(SLOW);
                fetch(gate, manifest);
            }
            assertThat(codings).containsExactly("null", "lied", "null");
            assertThat(directory.resolve("fetched/update.safetensors")).hasBinaryContent(right);
        }
    }

    @Test
    void a_document_that_comes_wrapped_is_no_answer() throws Exception {
        HttpHandler wrapping =
                exchange -> {
                    byte[] bytes = Zstd.compress(new byte[100]);
                    exchange.getResponseHeaders().set("Content-Encoding", "zstd");
                    exchange.sendResponseHeaders(200, bytes.length);
                    exchange.getResponseBody().write(bytes);
                    exchange.close();
                };
        try (SmallServer server = new SmallServer(directory, wrapping);
                EgressGate gate = gate(server)) {
            assertThatThrownBy(() -> gate.send(Message.ask(MessageKind.STATUS, "/v1/status")))
                    .isInstanceOfSatisfying(
                            NodeException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.MALFORMED_REPLY));
        }
    }

    @Test
    void the_lines_rate_is_what_all_streams_carry_while_a_part_is_under_way() {
        LineRate rate = new LineRate();
        LineRate.Passage small = rate.begin();
        rate.moved(1000);
        small.arrived();
        assertThat(rate.bytesPerSecond()).as("too little to tell").isEmpty();
        LineRate.Passage large = rate.begin();
        long begun = System.nanoTime();
        rate.moved(3 << 20);
        rate.moved(3 << 20);
        large.arrived();
        double seconds = (System.nanoTime() - begun) / 1e9;
        assertThat(rate.bytesPerSecond().orElseThrow())
                .isGreaterThanOrEqualTo((6 << 20) / Math.max(seconds, 1e-9) / 1e3)
                .isFinite();
    }
}
