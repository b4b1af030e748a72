package dev.tapestry.node.serving;

import dev.tapestry.node.egress.ModelServer;
import dev.tapestry.node.serving.ApiRefusal.Kind;
import dev.tapestry.node.serving.Piece.Usage;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A streamed answer of the server behind this one. A thread of its own asks for it and reads it, so
 * that whoever takes the pieces can look up before the first and between them.
 */
final class GatewayAnswer implements Source.Answering {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String DATA = "data:";
    private static final int MAX_EVENT_BYTES = 1 << 20;
    private static final int QUEUE = 256;
    private static final int OK = 200;
    private static final Set<String> PASSED_ON = Set.of("length", Outcome.FILTERED);

    private final ModelServer.Call call;
    private final BlockingQueue<Piece> pieces = new ArrayBlockingQueue<>(QUEUE);
    private final Thread reader;
    private volatile Usage told = new Usage(0, 0);
    private String finish = "";
    private int taken;

    GatewayAnswer(ModelServer.Call call) {
        this.call = call;
        this.reader = Thread.ofVirtual().name("gateway").start(this::read);
    }

    @Override
    public Optional<Piece> next(Duration patience) throws InterruptedException {
        Optional<Piece> next =
                Optional.ofNullable(pieces.poll(patience.toNanos(), TimeUnit.NANOSECONDS));
        if (next.filter(Piece.Text.class::isInstance).isPresent()) {
            taken++;
        }
        return next;
    }

    /** As the server behind counts, or else the pieces that were taken. */
    @Override
    public Usage usage() {
        Usage now = told;
        return now.answer() == 0 ? new Usage(now.prompt(), taken) : now;
    }

    private void read() {
        try {
            // The last piece must come, however the reading ends: somebody waits for it.
            pieces.put(last());
        } catch (InterruptedException _) {
            // nobody wants it any more
        }
    }

    /** Passes everything but the last piece on. */
    private Piece last() throws InterruptedException {
        try {
            ModelServer.Reply reply = call.send();
            if (reply.status() != OK) {
                return new Piece.Broken(GatewaySource.refused(reply));
            }
            return through(reply);
        } catch (ModelServer.CrowdedException e) {
            return new Piece.Broken(GatewaySource.busy());
        } catch (IOException | RuntimeException e) {
            return new Piece.Broken(
                    new ApiRefusal(
                            Kind.BEHIND,
                            "the member's model server does not answer, or broke off: "
                                    + e.getClass().getSimpleName()));
        }
    }

    private Piece through(ModelServer.Reply reply) throws IOException, InterruptedException {
        try (InputStream in = new BufferedInputStream(reply.body())) {
            for (Optional<String> line = line(in); line.isPresent(); line = line(in)) {
                String data =
                        line.get().startsWith(DATA)
                                ? line.get().substring(DATA.length()).strip()
                                : "";
                if (data.equals("[DONE]")) {
                    break;
                }
                if (data.isEmpty()) {
                    continue;
                }
                Optional<Piece> failure = take(JSON.readTree(data));
                if (failure.isPresent()) {
                    return failure.get();
                }
            }
        }
        // Whoever takes it has counted the pieces by then.
        return finish.isEmpty()
                ? new Piece.Broken("the member's model server stopped in the middle")
                : new Piece.End(finish);
    }

    /** Takes an event; the last piece if it is a failure. */
    private Optional<Piece> take(JsonNode event) throws InterruptedException {
        if (event.hasNonNull("error")) {
            return Optional.of(
                    new Piece.Broken(
                            event.path("error")
                                    .path("message")
                                    .asString("the member's model server failed")));
        }
        JsonNode choice = event.path("choices").path(0);
        String text =
                choice.path("delta").path("content").asString(choice.path("text").asString(""));
        if (!text.isEmpty()) {
            pieces.put(new Piece.Text(text));
        }
        if (choice.hasNonNull("finish_reason")) {
            String reason = choice.path("finish_reason").asString("");
            finish = PASSED_ON.contains(reason) ? reason : "stop";
        }
        if (event.hasNonNull("usage")) {
            told =
                    new Usage(
                            event.path("usage").path("prompt_tokens").asInt(0),
                            event.path("usage").path("completion_tokens").asInt(0));
        }
        return Optional.empty();
    }

    /** The next line, without its end. */
    private static Optional<String> line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int one = in.read();
        if (one < 0) {
            return Optional.empty();
        }
        for (; one >= 0 && one != '\n'; one = in.read()) {
            if (line.size() == MAX_EVENT_BYTES) {
                throw new IOException("an event is longer than a megabyte");
            }
            if (one != '\r') {
                line.write(one);
            }
        }
        return Optional.of(line.toString(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        reader.interrupt();
        call.close();
    }
}
