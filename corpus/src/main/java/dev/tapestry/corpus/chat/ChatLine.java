package dev.tapestry.corpus.chat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * The objects that {@link ChatReader} knows; each refuses with {@code IllegalArgumentException}.
 */
final class ChatLine {

    private ChatLine() {}

    static Conversation conversation(JsonNode line) {
        Conversation conversation = anyConversation(line);
        if (!conversation.isAnswered()) {
            throw new IllegalArgumentException("the conversation ends without an answer");
        }
        return conversation;
    }

    private static Conversation anyConversation(JsonNode line) {
        if (line.has("messages")) {
            return messages(line.get("messages"), "role", "content");
        }
        if (line.has("conversations")) {
            return messages(line.get("conversations"), "from", "value");
        }
        if (line.has("instruction")) {
            String input = line.has("input") ? text(line.get("input"), "input") : "";
            String instruction = text(line.get("instruction"), "instruction");
            return Conversation.asking(input.isBlank() ? instruction : instruction + "\n\n" + input)
                    .answered(text(line.get("output"), "output"));
        }
        if (line.has("prompt")) {
            return prompt(line).answered(answer(line, "completion"));
        }
        throw new IllegalArgumentException(
                "it has none of messages, conversations, prompt, instruction");
    }

    static PreferencePair preference(JsonNode line) {
        return new PreferencePair(prompt(line), answer(line, "chosen"), answer(line, "rejected"));
    }

    static JudgedAnswer judgement(JsonNode line) {
        JsonNode label = line.get("label");
        if (label == null || !label.isBoolean()) {
            throw new IllegalArgumentException("label is " + label + ", not true or false");
        }
        String side = line.has("answer") ? "answer" : "completion";
        return new JudgedAnswer(prompt(line), answer(line, side), label.asBoolean());
    }

    static CheckedPrompt checked(JsonNode line) {
        if (line.has("answer") == line.has("format")) {
            throw new IllegalArgumentException("it has one of answer and format, not both or none");
        }
        CheckedPrompt.Check check =
                line.has("answer")
                        ? new CheckedPrompt.Check.Choice(text(line.get("answer"), "answer"))
                        : new CheckedPrompt.Check.Form(text(line.get("format"), "format"));
        return new CheckedPrompt(prompt(line), check);
    }

    static Conversation prompt(JsonNode line) {
        JsonNode prompt = line.get("prompt");
        Conversation conversation =
                prompt != null && prompt.isArray()
                        ? messages(prompt, "role", "content")
                        : Conversation.asking(text(prompt, "prompt"));
        PreferencePair.requirePrompt(conversation);
        return conversation;
    }

    private static Conversation messages(JsonNode array, String roleKey, String contentKey) {
        if (array == null || !array.isArray()) {
            throw new IllegalArgumentException("the messages are not an array");
        }
        List<Message> messages = new ArrayList<>();
        for (JsonNode message : array) {
            messages.add(message(message, roleKey, contentKey));
        }
        return new Conversation(messages);
    }

    private static Message message(JsonNode message, String roleKey, String contentKey) {
        if (!message.isObject()) {
            throw new IllegalArgumentException("a message is not an object");
        }
        Set<String> unknown =
                message.propertyNames().stream()
                        .filter(key -> !key.equals(roleKey) && !key.equals(contentKey))
                        .collect(Collectors.toSet());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "a message has %s and %s, not %s".formatted(roleKey, contentKey, unknown));
        }
        String role = text(message.get(roleKey), roleKey);
        return new Message(
                Role.of(role)
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "the role '%s' is none of system, user, assistant"
                                                .formatted(role))),
                text(message.get(contentKey), contentKey));
    }

    /** A text, or a message of the assistant, alone or in an array. */
    private static String answer(JsonNode line, String key) {
        JsonNode answer = line.get(key);
        if (answer != null && answer.isArray() && answer.size() == 1) {
            answer = answer.get(0);
        }
        if (answer != null && answer.isObject()) {
            Message message = message(answer, "role", "content");
            if (message.role() != Role.ASSISTANT) {
                throw new IllegalArgumentException(key + " is not a message of the assistant");
            }
            return message.content();
        }
        return text(answer, key);
    }

    private static String text(JsonNode value, String key) {
        if (value == null || !value.isString()) {
            throw new IllegalArgumentException("there is no text in '" + key + "'");
        }
        String text = value.stringValue();
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new IllegalArgumentException("half a surrogate pair in '" + key + "'");
        }
        return text;
    }
}
