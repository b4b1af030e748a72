package dev.tapestry.node.serving;

import dev.tapestry.node.serving.Piece.Likely;
import dev.tapestry.node.serving.Piece.TokenLog;
import dev.tapestry.node.serving.Piece.Usage;
import java.util.List;
import java.util.UUID;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Answers as OpenAI's API writes them, for one request.
 *
 * @param id of the answer
 * @param created seconds since 1970
 * @param model its name
 * @param chat whether for {@code /v1/chat/completions}
 * @param logs whether probabilities were asked for
 */
record OpenAiJson(String id, long created, String model, boolean chat, boolean logs) {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    static byte[] bytes(ObjectNode node) {
        return JSON.writeValueAsBytes(node);
    }

    /** A refusal. */
    static ObjectNode error(ApiRefusal refusal) {
        ObjectNode error = JSON.createObjectNode();
        error.put("message", refusal.getMessage());
        error.put("type", refusal.kind().type());
        error.put("param", refusal.parameter().orElse(null));
        error.put("code", refusal.kind().code());
        ObjectNode body = JSON.createObjectNode();
        body.set("error", error);
        return body;
    }

    /** The list of models. */
    static ObjectNode models(List<Source> sources, long created) {
        ObjectNode body = JSON.createObjectNode();
        body.put("object", "list");
        ArrayNode data = body.putArray("data");
        for (int i = 0; i < sources.size(); i++) {
            data.add(model(sources.get(i), i == 0, created));
        }
        return body;
    }

    /** One model. */
    static ObjectNode model(Source source, boolean first, long created) {
        ObjectNode model = JSON.createObjectNode();
        model.put("id", source.name());
        model.put("object", "model");
        model.put("created", created);
        model.put("owned_by", "member");
        ObjectNode own = model.putObject("tapestry");
        own.put("role", first ? "model" : "base");
        own.put("chat", source.chats());
        source.digest().ifPresent(digest -> own.put("digest", digest.hex()));
        return model;
    }

    /**
     * A piece of a streamed answer.
     *
     * @param from characters of the answer before it
     */
    ObjectNode piece(String text, List<TokenLog> tokens, boolean first, int from) {
        ObjectNode body = head(chat ? "chat.completion.chunk" : "text_completion");
        ObjectNode choice = choice(body);
        if (chat) {
            ObjectNode delta = choice.putObject("delta");
            if (first) {
                delta.put("role", "assistant");
            }
            delta.put("content", text);
        } else {
            choice.put("text", text);
        }
        logs(choice, tokens, from);
        choice.putNull("finish_reason");
        return body;
    }

    /** The last piece of a streamed answer. */
    ObjectNode last(Outcome outcome) {
        ObjectNode body = head(chat ? "chat.completion.chunk" : "text_completion");
        ObjectNode choice = choice(body);
        if (chat) {
            choice.putObject("delta");
        } else {
            choice.put("text", "");
        }
        choice.putNull("logprobs");
        choice.put("finish_reason", outcome.finish());
        rules(body, outcome);
        return body;
    }

    /** After it, what it took. */
    ObjectNode usage(Usage usage) {
        ObjectNode body = head(chat ? "chat.completion.chunk" : "text_completion");
        body.putArray("choices");
        counts(body, usage);
        return body;
    }

    /** A whole answer. */
    ObjectNode whole(String text, List<TokenLog> tokens, Outcome outcome) {
        ObjectNode body = head(chat ? "chat.completion" : "text_completion");
        ObjectNode choice = choice(body);
        if (chat) {
            ObjectNode message = choice.putObject("message");
            message.put("role", "assistant");
            message.put("content", text);
            message.putNull("refusal");
        } else {
            choice.put("text", text);
        }
        logs(choice, tokens, 0);
        choice.put("finish_reason", outcome.finish());
        counts(body, outcome.usage());
        rules(body, outcome);
        return body;
    }

    private ObjectNode head(String object) {
        ObjectNode body = JSON.createObjectNode();
        body.put("id", id);
        body.put("object", object);
        body.put("created", created);
        body.put("model", model);
        return body;
    }

    private static ObjectNode choice(ObjectNode body) {
        ObjectNode choice = body.putArray("choices").addObject();
        choice.put("index", 0);
        return choice;
    }

    private static void counts(ObjectNode body, Usage usage) {
        ObjectNode counts = body.putObject("usage");
        counts.put("prompt_tokens", usage.prompt());
        counts.put("completion_tokens", usage.answer());
        counts.put("total_tokens", usage.prompt() + usage.answer());
    }

    /** Which rule acted; other APIs have no place for it. */
    private static void rules(ObjectNode body, Outcome outcome) {
        if (!outcome.rule().isEmpty() || !outcome.acted().isEmpty()) {
            ObjectNode own = body.putObject("tapestry");
            if (!outcome.rule().isEmpty()) {
                own.put("rule", outcome.rule());
            }
            if (!outcome.acted().isEmpty()) {
                ArrayNode acted = own.putArray("redacted_by");
                outcome.acted().stream().distinct().forEach(acted::add);
            }
        }
    }

    private void logs(ObjectNode choice, List<TokenLog> tokens, int from) {
        if (!logs || tokens.isEmpty()) {
            choice.putNull("logprobs");
        } else if (chat) {
            ArrayNode content = choice.putObject("logprobs").putArray("content");
            for (TokenLog token : tokens) {
                ObjectNode entry = likely(content.addObject(), token.likely());
                ArrayNode top = entry.putArray("top_logprobs");
                token.alternatives().forEach(other -> likely(top.addObject(), other));
            }
        } else {
            lists(choice.putObject("logprobs"), tokens, from);
        }
    }

    private static ObjectNode likely(ObjectNode entry, Likely token) {
        entry.put("token", token.text());
        entry.put("logprob", token.logProbability());
        ArrayNode bytes = entry.putArray("bytes");
        token.bytes().forEach(bytes::add);
        return entry;
    }

    /** The older form: a list for each fact. */
    private static void lists(ObjectNode logs, List<TokenLog> tokens, int from) {
        ArrayNode texts = logs.putArray("tokens");
        ArrayNode numbers = logs.putArray("token_logprobs");
        ArrayNode tops = logs.putArray("top_logprobs");
        ArrayNode offsets = logs.putArray("text_offset");
        int offset = from;
        for (TokenLog token : tokens) {
            texts.add(token.likely().text());
            numbers.add(token.likely().logProbability());
            offsets.add(offset);
            offset += token.likely().text().length();
            ObjectNode top = tops.addObject();
            token.alternatives().forEach(other -> top.put(other.text(), other.logProbability()));
        }
    }

    /** The id of a new answer. */
    static String newId(boolean chat) {
        return (chat ? "chatcmpl-" : "cmpl-") + UUID.randomUUID().toString().replace("-", "");
    }
}
