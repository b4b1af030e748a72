package dev.tapestry.node.serving;

import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.Message;
import dev.tapestry.corpus.chat.Role;
import dev.tapestry.node.serving.ApiRefusal.Kind;
import dev.tapestry.training.Continuation;
import dev.tapestry.training.Sampling;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads requests of OpenAI's API. What would change the answer and is not offered is refused by its
 * name; members that nobody knows are left alone, as that API's clients expect.
 */
final class RequestReader {

    private static final int MAX_STOPS = 16;
    private static final int MAX_STOP_LENGTH = 256;
    private static final double MAX_TEMPERATURE = 2;
    private static final JsonMapper JSON =
            new JsonMapper(
                    JsonFactory.builder()
                            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                            .streamReadConstraints(
                                    StreamReadConstraints.builder()
                                            .maxNestingDepth(32)
                                            .maxTokenCount(100_000)
                                            .build())
                            .build());

    /** Neither is offered; an empty one asks for nothing. */
    private static final List<String> NOT_OFFERED =
            List.of(
                    "tools",
                    "functions",
                    "function_call",
                    "audio",
                    "logit_bias",
                    "suffix",
                    "prediction",
                    "web_search_options");

    private static final Set<String> PENALTIES = Set.of("frequency_penalty", "presence_penalty");

    private final JsonNode body;

    private RequestReader(JsonNode body) {
        this.body = body;
    }

    /** A request of {@code /v1/chat/completions}. */
    static Asked chat(byte[] bytes) {
        RequestReader reader = new RequestReader(tree(bytes));
        boolean logs = reader.flag("logprobs");
        int alternatives = reader.count("top_logprobs", Continuation.MAX_ALTERNATIVES);
        if (alternatives > 0 && !logs) {
            throw ApiRefusal.invalid("top_logprobs", "needs 'logprobs': true");
        }
        return reader.asked(new Prompt.Chat(reader.conversation()), logs, alternatives);
    }

    /** A request of {@code /v1/completions}. */
    static Asked completion(byte[] bytes) {
        RequestReader reader = new RequestReader(tree(bytes));
        if (reader.flag("echo")) {
            throw ApiRefusal.unsupported("echo", "the prompt is not said again here");
        }
        if (reader.count("best_of", Integer.MAX_VALUE) > 1) {
            throw ApiRefusal.unsupported("best_of", "one answer is made");
        }
        boolean logs = reader.present("logprobs");
        return reader.asked(
                new Prompt.Text(reader.prompt()),
                logs,
                reader.count("logprobs", Continuation.MAX_ALTERNATIVES));
    }

    private static JsonNode tree(byte[] bytes) {
        try {
            JsonNode tree = JSON.readTree(bytes);
            if (!tree.isObject()) {
                throw new ApiRefusal(Kind.INVALID, "the body is JSON, but no object");
            }
            return tree;
        } catch (JacksonException e) {
            throw new ApiRefusal(Kind.INVALID, "the body is no JSON: " + e.getOriginalMessage());
        }
    }

    private Asked asked(Prompt prompt, boolean logs, int alternatives) {
        refuseWhatIsNotOffered();
        return new Asked(
                text("model"),
                prompt,
                maxTokens(),
                sampling(),
                stops(),
                flag("stream"),
                body.path("stream_options").path("include_usage").asBoolean(false),
                logs,
                alternatives);
    }

    private void refuseWhatIsNotOffered() {
        for (String name : NOT_OFFERED) {
            if (present(name) && !(body.path(name).isContainer() && body.path(name).isEmpty())) {
                throw ApiRefusal.unsupported(name, "is not offered here; leave it out");
            }
        }
        if (present("tool_choice") && !body.path("tool_choice").asString("").equals("none")) {
            throw ApiRefusal.unsupported("tool_choice", "no tools are offered here");
        }
        if (present("n") && count("n", Integer.MAX_VALUE) != 1) {
            throw ApiRefusal.unsupported("n", "one answer is made; ask again for another");
        }
        for (String name : PENALTIES) {
            if (number(name, 0, -MAX_TEMPERATURE, MAX_TEMPERATURE) != 0) {
                throw ApiRefusal.unsupported(name, "only 0 is offered here");
            }
        }
        String form = body.path("response_format").path("type").asString("text");
        if (!form.equals("text")) {
            throw ApiRefusal.unsupported(
                    "response_format", "'%s' is not offered here, only text".formatted(form));
        }
        for (JsonNode modality : body.path("modalities")) {
            if (!modality.asString("").equals("text")) {
                throw ApiRefusal.unsupported("modalities", "only text is offered here");
            }
        }
    }

    private OptionalInt maxTokens() {
        String name = present("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
        if (!present(name)) {
            return OptionalInt.empty();
        }
        int most = count(name, Integer.MAX_VALUE);
        if (most < 1) {
            throw ApiRefusal.invalid(name, "at least 1");
        }
        return OptionalInt.of(most);
    }

    private Sampling sampling() {
        JsonNode seed = body.path("seed");
        if (present("seed") && !(seed.isIntegralNumber() && seed.canConvertToLong())) {
            throw ApiRefusal.invalid("seed", "a whole number of 64 bits");
        }
        double topP = number("top_p", 1, 0, 1);
        return new Sampling(
                number("temperature", 1, 0, MAX_TEMPERATURE),
                Math.max(0, count("top_k", Integer.MAX_VALUE)),
                topP == 0 ? Double.MIN_NORMAL : topP,
                present("seed")
                        ? seed.longValue()
                        : ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE));
    }

    private List<String> stops() {
        JsonNode stop = body.path("stop");
        if (!present("stop")) {
            return List.of();
        }
        List<String> stops = new ArrayList<>();
        for (JsonNode one : stop.isArray() ? stop : JSON.createArrayNode().add(stop)) {
            String text = one.isString() ? one.stringValue() : "";
            if (text.isEmpty() || text.length() > MAX_STOP_LENGTH) {
                throw ApiRefusal.invalid(
                        "stop",
                        "a text of 1 to %d characters, or a list".formatted(MAX_STOP_LENGTH));
            }
            stops.add(paired("stop", text));
        }
        if (stops.size() > MAX_STOPS) {
            throw ApiRefusal.invalid("stop", "at most " + MAX_STOPS);
        }
        return stops;
    }

    private String prompt() {
        JsonNode prompt = body.path("prompt");
        if (prompt.isArray() && prompt.size() == 1) {
            prompt = prompt.path(0);
        }
        if (!prompt.isString()) {
            throw ApiRefusal.invalid("prompt", "one text");
        }
        if (prompt.stringValue().isEmpty()) {
            throw ApiRefusal.invalid("prompt", "at least one character");
        }
        return paired("prompt", prompt.stringValue());
    }

    private Conversation conversation() {
        JsonNode messages = body.path("messages");
        if (!messages.isArray() || messages.isEmpty()) {
            throw ApiRefusal.invalid("messages", "a list of at least one message");
        }
        List<Message> turns = new ArrayList<>();
        try {
            for (JsonNode message : messages) {
                turns.add(new Message(role(message), content(message.path("content"))));
            }
            Conversation conversation = new Conversation(turns);
            if (conversation.isAnswered()) {
                throw ApiRefusal.invalid("messages", "the last one is the user's");
            }
            return conversation;
        } catch (IllegalArgumentException e) {
            throw ApiRefusal.invalid("messages", String.valueOf(e.getMessage()));
        }
    }

    private static Role role(JsonNode message) {
        String role = message.path("role").asString("");
        for (String member : List.of("tool_calls", "function_call", "audio")) {
            if (message.hasNonNull(member)) {
                throw ApiRefusal.unsupported(
                        "messages", "a message with '%s' is not understood here".formatted(member));
            }
        }
        return switch (role) {
            case "system", "developer" -> Role.SYSTEM;
            case "user" -> Role.USER;
            case "assistant" -> Role.ASSISTANT;
            default ->
                    throw ApiRefusal.invalid(
                            "messages",
                            "the role is 'system', 'user' or 'assistant', not '%s'"
                                    .formatted(role.substring(0, Math.min(40, role.length()))));
        };
    }

    private static String content(JsonNode content) {
        if (content.isString()) {
            return paired("messages", content.stringValue());
        }
        if (!content.isArray()) {
            throw ApiRefusal.invalid("messages", "'content' is a text");
        }
        return content.valueStream()
                .map(part -> {
                    if (!part.path("type").asString("").equals("text")) {
                        throw ApiRefusal.unsupported(
                                "messages", "only parts of type 'text' are understood here");
                    }
                    return paired("messages", part.path("text").asString(""));
                })
                .collect(Collectors.joining());
    }

    /** Half of a surrogate pair is no text. */
    private static String paired(String parameter, String text) {
        if (!StandardCharsets.UTF_16BE.newEncoder().canEncode(text)) {
            throw ApiRefusal.invalid(parameter, "half of a surrogate pair stands alone");
        }
        return text;
    }

    private boolean present(String name) {
        return body.hasNonNull(name);
    }

    private String text(String name) {
        @Nullable JsonNode value = body.get(name);
        if (value == null || !value.isString()) {
            throw ApiRefusal.invalid(name, "a text, which must be there");
        }
        return value.stringValue();
    }

    private boolean flag(String name) {
        JsonNode value = body.path(name);
        if (present(name) && !value.isBoolean()) {
            throw ApiRefusal.invalid(name, "true or false");
        }
        return value.asBoolean(false);
    }

    private int count(String name, int most) {
        JsonNode value = body.path(name);
        if (!present(name)) {
            return 0;
        }
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() > most
                || value.intValue() < -1) {
            throw ApiRefusal.invalid(name, "a whole number of at most " + most);
        }
        return value.intValue();
    }

    private double number(String name, double otherwise, double least, double most) {
        JsonNode value = body.path(name);
        if (!present(name)) {
            return otherwise;
        }
        if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw ApiRefusal.invalid(name, "a number from %s to %s".formatted(least, most));
        }
        return value.doubleValue();
    }
}
