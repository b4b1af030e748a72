package dev.tapestry.node.serving;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.chat.Message;
import dev.tapestry.node.egress.ModelServer;
import dev.tapestry.node.serving.ApiRefusal.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A model in the member's own server, behind this one. */
final class GatewaySource implements Source {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MAX_ERROR_BYTES = 16 << 10;

    private final String name;
    private final String model;
    private final ModelServer server;

    /**
     * A model behind this server.
     *
     * @param name here
     * @param model its name there
     */
    GatewaySource(String name, String model, ModelServer server) {
        this.name = name;
        this.model = model;
        this.server = server;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Optional<Digest> digest() {
        return Optional.empty();
    }

    @Override
    public boolean chats() {
        return true;
    }

    @Override
    public Answering begin(Asked asked) {
        if (asked.logProbabilities()) {
            throw ApiRefusal.unsupported("logprobs", "they do not pass this gateway");
        }
        ModelServer.Request request =
                switch (asked.prompt()) {
                    case Prompt.Chat _ -> ModelServer.Request.CHAT;
                    case Prompt.Text _ -> ModelServer.Request.COMPLETION;
                };
        return new GatewayAnswer(server.asking(request, JSON.writeValueAsBytes(body(asked))));
    }

    private ObjectNode body(Asked asked) {
        ObjectNode body = JSON.createObjectNode();
        body.put("model", model);
        body.put("stream", true);
        body.putObject("stream_options").put("include_usage", true);
        body.put("temperature", asked.sampling().temperature());
        body.put("top_p", asked.sampling().topP());
        body.put("seed", asked.sampling().seed());
        if (asked.sampling().topK() > 0) {
            body.put("top_k", asked.sampling().topK());
        }
        body.put("max_tokens", asked.maxTokens().orElse(EmbeddedSource.USUAL_TOKENS));
        if (!asked.stops().isEmpty()) {
            ArrayNode stops = body.putArray("stop");
            asked.stops().forEach(stops::add);
        }
        switch (asked.prompt()) {
            case Prompt.Text(String text) -> body.put("prompt", text);
            case Prompt.Chat chat -> {
                ArrayNode messages = body.putArray("messages");
                for (Message message : chat.conversation().messages()) {
                    ObjectNode one = messages.addObject();
                    one.put("role", message.role().text());
                    one.put("content", message.content());
                }
            }
        }
        return body;
    }

    /** What the server says is wrong, if it says so in the usual form. */
    private static String said(ModelServer.Reply reply) throws IOException {
        byte[] body = reply.body().readNBytes(MAX_ERROR_BYTES);
        try {
            return JSON.readTree(body).path("error").path("message").asString("");
        } catch (JacksonException e) {
            return new String(body, StandardCharsets.UTF_8).lines().findFirst().orElse("");
        }
    }

    /** What a reply that is no answer means to whoever asked. */
    static ApiRefusal refused(ModelServer.Reply reply) throws IOException {
        int status = reply.status();
        String said = said(reply);
        return switch (status) {
            case 400, 413, 422 ->
                    new ApiRefusal(Kind.INVALID, "the member's model server refuses this: " + said);
            case 429, 503 -> busy();
            case 401, 403 ->
                    new ApiRefusal(
                            Kind.BEHIND,
                            "the member's model server does not take this gateway's key");
            default ->
                    new ApiRefusal(
                            Kind.BEHIND,
                            "the member's model server answers with %d: %s"
                                    .formatted(status, said));
        };
    }

    /** There is no room for another answer. */
    static ApiRefusal busy() {
        return new ApiRefusal(Kind.BUSY, "the member's model server is busy: ask again later");
    }

    @Override
    public void close() {
        server.close();
    }
}
