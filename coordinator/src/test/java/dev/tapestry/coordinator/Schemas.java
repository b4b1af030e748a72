package dev.tapestry.coordinator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * As much of JSON Schema (2020-12) as {@code openapi.yaml} uses; a keyword it does not know fails.
 */
final class Schemas {

    private final JsonNode document;

    Schemas(JsonNode document) {
        this.document = document;
    }

    /** Follows {@code $ref}. */
    JsonNode resolve(JsonNode node) {
        JsonNode ref = node.get("$ref");
        return ref == null ? node : resolve(document.at(ref.asString().substring(1)));
    }

    /** What is wrong with a value, with the place; nothing if it fits. */
    List<String> problems(JsonNode reference, JsonNode value, String place) {
        List<String> problems = new ArrayList<>();
        JsonNode schema = resolve(reference);
        for (Map.Entry<String, JsonNode> keyword : schema.properties()) {
            JsonNode rule = keyword.getValue();
            switch (keyword.getKey()) {
                case "type" -> {
                    if (!isOf(rule, value)) {
                        problems.add(place + " is no " + rule + ": " + value);
                    }
                }
                case "required" ->
                        rule.forEach(name -> {
                            if (value.isObject() && !value.has(name.asString())) {
                                problems.add(place + " lacks " + name);
                            }
                        });
                case "properties" ->
                        rule.properties()
                                .forEach(member -> {
                                    JsonNode child = value.get(member.getKey());
                                    if (child != null) {
                                        problems.addAll(
                                                problems(
                                                        member.getValue(),
                                                        child,
                                                        place + "." + member.getKey()));
                                    }
                                });
                case "additionalProperties" ->
                        value.propertyNames()
                                .forEach(name -> {
                                    if (!schema.path("properties").has(name)) {
                                        problems.add(place + " has the unknown " + name);
                                    }
                                });
                case "items" -> {
                    for (int i = 0; i < value.size(); i++) {
                        problems.addAll(problems(rule, value.get(i), place + "[" + i + "]"));
                    }
                }
                case "enum" -> {
                    boolean listed = false;
                    for (JsonNode allowed : rule) {
                        listed |= allowed.equals(value);
                    }
                    if (!listed) {
                        problems.add(place + " is none of " + rule + ": " + value);
                    }
                }
                case "oneOf" -> {
                    List<String> fits = new ArrayList<>();
                    for (JsonNode choice : rule) {
                        if (problems(choice, value, place).isEmpty()) {
                            fits.add(choice.toString());
                        }
                    }
                    if (fits.size() != 1) {
                        problems.add(place + " fits not one but " + fits + ": " + value);
                    }
                }
                case "pattern" -> {
                    if (value.isString()
                            && !Pattern.compile(rule.asString(), Pattern.DOTALL)
                                    .matcher(value.asString())
                                    .find()) {
                        problems.add(place + " is not like " + rule + ": " + value);
                    }
                }
                case "minimum" -> {
                    if (value.isNumber() && value.asDouble() < rule.asDouble()) {
                        problems.add(place + " is below " + rule + ": " + value);
                    }
                }
                case "maximum" -> {
                    if (value.isNumber() && value.asDouble() > rule.asDouble()) {
                        problems.add(place + " is above " + rule + ": " + value);
                    }
                }
                case "description", "contentEncoding" -> {}
                default -> throw new IllegalStateException("keyword " + keyword.getKey());
            }
        }
        return problems;
    }

    private static boolean isOf(JsonNode types, JsonNode value) {
        if (types.isArray()) {
            for (JsonNode type : types) {
                if (isOf(type, value)) {
                    return true;
                }
            }
            return false;
        }
        return switch (types.asString()) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isString();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            default -> throw new IllegalStateException("type " + types);
        };
    }
}
