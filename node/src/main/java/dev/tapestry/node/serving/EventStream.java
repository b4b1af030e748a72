package dev.tapestry.node.serving;

import dev.tapestry.node.serving.Piece.TokenLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * An answer as server-sent events, each a piece, sent at once. The head is sent with the first, so
 * that what fails before is an answer with a status of its own.
 */
final class EventStream implements Outlet {

    private final OpenAiJson json;
    private final boolean usage;
    private final Supplier<OutputStream> connection;
    private @Nullable OutputStream out;
    private int characters;

    /**
     * Events of one answer.
     *
     * @param usage whether the counts of tokens are told at the end
     * @param connection begins the answer
     */
    EventStream(OpenAiJson json, boolean usage, Supplier<OutputStream> connection) {
        this.json = json;
        this.usage = usage;
        this.connection = connection;
    }

    /** Whether something was sent. */
    boolean hasBegun() {
        return out != null;
    }

    @Override
    public void say(String text, List<TokenLog> tokens) throws IOException {
        send(json.piece(text, tokens, !hasBegun(), characters));
        characters += text.length();
    }

    @Override
    public void finish(Outcome outcome) throws IOException {
        if (!hasBegun()) {
            say("", List.of());
        }
        send(json.last(outcome));
        if (usage) {
            send(json.usage(outcome.usage()));
        }
        end();
    }

    @Override
    public void fail(ApiRefusal refusal) throws IOException {
        if (!hasBegun()) {
            throw refusal;
        }
        send(OpenAiJson.error(refusal));
        end();
    }

    private void send(ObjectNode event) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes("data: ".getBytes(StandardCharsets.US_ASCII));
        bytes.writeBytes(OpenAiJson.bytes(event));
        bytes.writeBytes("\n\n".getBytes(StandardCharsets.US_ASCII));
        write(bytes.toByteArray());
    }

    private void end() throws IOException {
        write("data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII));
        if (out != null) {
            out.close();
        }
    }

    private void write(byte[] bytes) throws IOException {
        OutputStream open = out;
        if (open == null) {
            open = connection.get();
            out = open;
        }
        open.write(bytes);
        open.flush();
    }
}
