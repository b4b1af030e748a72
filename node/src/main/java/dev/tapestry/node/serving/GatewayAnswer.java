package dev.tapestry.node.serving;

import dev.tapestry.node.egress.ModelServer;
import dev.tapestry.node.serving.Piece.Usage;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A streamed answer of the server behind this one. A thread of its own reads it, so that whoever
 * takes the pieces can look up between them.
 */
final class GatewayAnswer implements Source.Answering {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String DATA = "data:";
    private static final int MAX_EVENT_BYTES = 1 << 20;
    private static final int QUEUE = 256;

    private final ModelServer.Reply reply;
    private final BlockingQueue<Piece> pieces = new ArrayBlockingQueue<>(QUEUE);
    private final Thread reader;
    private String finish = "";
    private Usage usage = new Usage(0, 0);
    private int count;

    GatewayAnswer(ModelServer.Reply reply) {
        this.reply = reply;
        this.reader = Thread.ofVirtual().name("gateway").start(this::read);
    }

    @Override
    public Optional<Piece> next(Duration patience) throws InterruptedException {
        return Optional.ofNullable(pieces.poll(patience.toNanos(), TimeUnit.NANOSECONDS));
    }

    private void read() {
        try (InputStream in = new BufferedInputStream(reply.body())) {
            for (Optional<String> line = line(in); line.isPresent(); line = line(in)) {
                String data =
                        line.get().startsWith(DATA)
                                ? line.get().substring(DATA.length()).strip()
                                : "";
                if (data.equals("[DONE]")) {
                    break;
                }
                if (!data.isEmpty() && !take(JSON.readTree(data))) {
                    return;
                }
            }
            pieces.put(
                    finish.isEmpty()
                            ? new Piece.Broken("the member's model server stopped in the middle")
                            : new Piece.End(
                                    finish,
                                    usage.answer() == 0
                                            ? new Usage(usage.prompt(), count)
                                            : usage));
        } catch (IOException | JacksonException e) {
            pieces.offer(
                    new Piece.Broken(
                            "the member's model server broke off: "
                                    + e.getClass().getSimpleName()));
        } catch (InterruptedException _) {
            // nobody wants it any more
        }
    }

    /** Takes an event; false if it is a failure. */
    private boolean take(JsonNode event) throws InterruptedException {
        if (event.hasNonNull("error")) {
            pieces.put(
                    new Piece.Broken(
                            event.path("error")
                                    .path("message")
                                    .asString("the member's model server failed")));
            return false;
        }
        JsonNode choice = event.path("choices").path(0);
        String text =
                choice.path("delta").path("content").asString(choice.path("text").asString(""));
        if (!text.isEmpty()) {
            count++;
            pieces.put(new Piece.Text(text));
        }
        if (choice.hasNonNull("finish_reason")) {
            String reason = choice.path("finish_reason").asString("");
            finish = reason.equals("length") ? "length" : "stop";
        }
        if (event.hasNonNull("usage")) {
            usage =
                    new Usage(
                            event.path("usage").path("prompt_tokens").asInt(0),
                            event.path("usage").path("completion_tokens").asInt(0));
        }
        return true;
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
        reply.close();
    }
}
