package dev.tapestry.corpus;

import tools.jackson.databind.JsonNode;

/** The two questions that every component of a {@code tokenizer.json} is asked. */
final class Json {

    private Json() {}

    /** Whether a key is missing or null. */
    static boolean absent(JsonNode object, String key) {
        return object.path(key).isMissingNode() || object.path(key).isNull();
    }

    /** The component's {@code type}, for comparison and for messages. */
    static String type(JsonNode component) {
        return component.path("type").asString("without a type");
    }
}
