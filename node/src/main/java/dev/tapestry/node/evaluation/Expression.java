package dev.tapestry.node.evaluation;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.IntNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/** What stands in {@code {{ }}}; its value is that which Jinja would give, or it is refused. */
sealed interface Expression {

    /**
     * Its value for an item.
     *
     * @throws IllegalArgumentException with what is missing or does not fit
     */
    JsonNode value(ObjectNode item);

    /** A value that is written out. */
    record Constant(JsonNode constant) implements Expression {
        @Override
        public JsonNode value(ObjectNode item) {
            return constant;
        }
    }

    /** A field of the item. */
    record Field(String name) implements Expression {
        @Override
        public JsonNode value(ObjectNode item) {
            return member(item, name);
        }
    }

    /** {@code of.name}. */
    record Member(Expression of, String name) implements Expression {
        @Override
        public JsonNode value(ObjectNode item) {
            return member(of.value(item), name);
        }
    }

    /** {@code of[index]}. */
    record Element(Expression of, Expression index) implements Expression {
        @Override
        public JsonNode value(ObjectNode item) {
            JsonNode from = of.value(item);
            JsonNode at = index.value(item);
            if (at.isString()) {
                return member(from, at.asString());
            }
            int place = at.isInt() ? at.asInt() : -1;
            int wanted = place < 0 ? from.size() + place : place;
            if (!from.isArray() || !at.isInt() || wanted < 0 || wanted >= from.size()) {
                throw new IllegalArgumentException("there is no [%s] in %s".formatted(at, from));
            }
            return from.get(wanted);
        }
    }

    /** {@code [a, b]}. */
    record Items(List<Expression> expressions) implements Expression {
        public Items {
            expressions = List.copyOf(expressions);
        }

        @Override
        public JsonNode value(ObjectNode item) {
            ArrayNode array = JsonNodeFactory.instance.arrayNode();
            expressions.forEach(each -> array.add(each.value(item)));
            return array;
        }
    }

    /** {@code left + right}, of texts, numbers or lists. */
    record Sum(Expression left, Expression right) implements Expression {
        @Override
        public JsonNode value(ObjectNode item) {
            JsonNode one = left.value(item);
            JsonNode other = right.value(item);
            if (one.isInt() && other.isInt()) {
                return IntNode.valueOf(one.asInt() + other.asInt());
            }
            if (one.isArray() && other.isArray()) {
                ArrayNode both = JsonNodeFactory.instance.arrayNode();
                one.forEach(both::add);
                other.forEach(both::add);
                return both;
            }
            return StringNode.valueOf(string(one, "+") + string(other, "+"));
        }
    }

    /** {@code left ~ right}: as text. */
    record Joined(Expression left, Expression right) implements Expression {
        @Override
        public JsonNode value(ObjectNode item) {
            return StringNode.valueOf(text(left.value(item)) + text(right.value(item)));
        }
    }

    /** {@code of.name(arguments)} or {@code of|name(arguments)}. */
    record Call(Expression of, String name, List<Expression> arguments) implements Expression {
        public Call {
            arguments = List.copyOf(arguments);
        }

        @Override
        public JsonNode value(ObjectNode item) {
            JsonNode from = of.value(item);
            List<JsonNode> given = arguments.stream().map(each -> each.value(item)).toList();
            return switch (name + "/" + given.size()) {
                case "strip/0", "trim/0" -> StringNode.valueOf(string(from, name).strip());
                case "lstrip/0" -> StringNode.valueOf(string(from, name).stripLeading());
                case "rstrip/0" -> StringNode.valueOf(string(from, name).stripTrailing());
                case "lower/0" -> StringNode.valueOf(string(from, name).toLowerCase(Locale.ROOT));
                case "upper/0" -> StringNode.valueOf(string(from, name).toUpperCase(Locale.ROOT));
                case "capitalize/0" -> StringNode.valueOf(capitalised(string(from, name)));
                case "replace/2" ->
                        StringNode.valueOf(
                                string(from, name)
                                        .replace(
                                                string(given.getFirst(), name),
                                                string(given.getLast(), name)));
                case "index/1" -> IntNode.valueOf(place(from, given.getFirst()));
                case "length/0", "count/0" -> IntNode.valueOf(length(from));
                case "int/0" -> IntNode.valueOf(number(from));
                case "string/0" -> StringNode.valueOf(text(from));
                case "join/0" -> StringNode.valueOf(joined(from, ""));
                case "join/1" -> StringNode.valueOf(joined(from, string(given.getFirst(), name)));
                default ->
                        throw new IllegalArgumentException(
                                "'%s' with %d arguments is not supported in a template"
                                        .formatted(name, given.size()));
            };
        }
    }

    private static JsonNode member(JsonNode from, String name) {
        if (from instanceof ObjectNode object && object.has(name)) {
            return object.get(name);
        }
        throw new IllegalArgumentException(
                from instanceof ObjectNode object
                        ? "it has no field '%s'; it has %s".formatted(name, object.propertyNames())
                        : "there is no field '%s' in %s".formatted(name, from));
    }

    private static String string(JsonNode value, String by) {
        if (value.isString()) {
            return value.asString();
        }
        throw new IllegalArgumentException("'%s' is for texts, not for %s".formatted(by, value));
    }

    private static String capitalised(String text) {
        return text.isEmpty()
                ? text
                : text.substring(0, 1).toUpperCase(Locale.ROOT)
                        + text.substring(1).toLowerCase(Locale.ROOT);
    }

    private static int place(JsonNode from, JsonNode wanted) {
        int place = 0;
        for (JsonNode element : from.isArray() ? from : JsonNodeFactory.instance.arrayNode()) {
            if (element.equals(wanted)) {
                return place;
            }
            place++;
        }
        throw new IllegalArgumentException("%s is not in %s".formatted(wanted, from));
    }

    private static int length(JsonNode from) {
        return from.isString()
                ? from.asString().codePointCount(0, from.asString().length())
                : from.size();
    }

    private static int number(JsonNode from) {
        String text = text(from).strip();
        if (!text.matches("-?[0-9]{1,9}")) {
            throw new IllegalArgumentException("%s is no whole number".formatted(from));
        }
        return Integer.parseInt(text);
    }

    private static String joined(JsonNode from, String between) {
        return StreamSupport.stream(from.spliterator(), false)
                .map(Expression::text)
                .collect(Collectors.joining(between));
    }

    /** A value in a text, as Python writes it. */
    static String text(JsonNode value) {
        if (value.isBoolean()) {
            return value.asBoolean() ? "True" : "False";
        }
        if (value.isString() || value.isNumber()) {
            return value.asString();
        }
        throw new IllegalArgumentException(
                "%s is neither a text nor a number, and cannot stand in a text".formatted(value));
    }
}
