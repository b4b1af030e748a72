package dev.tapestry.trust.json;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.json.StrictYaml.Spelling;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The keys of a YAML file beside the components of the record that it describes. */
record YamlKeys(Path file, Spelling spelling) {

    private static final Pattern PLACE = Pattern.compile("\\$\\.?([^: ]*): (.*)", Pattern.DOTALL);

    /** The keys of a record, in its order. */
    List<String> of(Class<?> type) {
        return Arrays.stream(type.getRecordComponents()).map(this::key).toList();
    }

    /**
     * The JSON document that {@code yaml} stands for, with all members of the record {@code type}.
     *
     * @throws TrustException {@code DOCUMENT_MALFORMED}: a key is unknown, missing or has no value
     */
    ObjectNode document(ObjectNode yaml, Class<?> type) {
        return document("", yaml, type);
    }

    private ObjectNode document(String place, ObjectNode yaml, Class<?> type) {
        @Nullable String tag = RecordShape.of(type).tag();
        List<String> keys = new ArrayList<>(of(type));
        if (tag != null) {
            keys.addFirst(RecordShape.TAG_MEMBER);
        }
        for (String key : yaml.propertyNames()) {
            if (!keys.contains(key)) {
                throw malformed("unknown key '" + place + key + "'; the keys are " + keys);
            }
        }
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        if (tag != null) {
            document.put(RecordShape.TAG_MEMBER, tag);
        }
        for (RecordComponent component : type.getRecordComponents()) {
            String key = key(component);
            Optional<JsonNode> value = yaml.optional(key);
            if (value.isEmpty() && component.getType() != Optional.class) {
                throw malformed("the key '" + place + key + "' is missing; the keys are " + keys);
            }
            if (value.isEmpty() && component.isAnnotationPresent(LeftOutWhenEmpty.class)) {
                continue;
            }
            document.set(
                    component.getName(),
                    value.map(node -> member(place + key, node, component.getGenericType()))
                            .orElseGet(JsonNodeFactory.instance::nullNode));
        }
        return document;
    }

    /** A value with all members of the records in it; what is no record stays as it is. */
    private JsonNode member(String place, JsonNode value, Type type) {
        return switch (type) {
            case ParameterizedType generic -> container(place, value, generic);
            case Class<?> plain when value instanceof ObjectNode inner && plain.isSealed() ->
                    document(place + ".", inner, named(place, inner, plain));
            case Class<?> plain
                    when value instanceof ObjectNode inner
                            && plain.isRecord()
                            && !RecordShape.of(plain).scalar() ->
                    document(place + ".", inner, plain);
            default -> value;
        };
    }

    private JsonNode container(String place, JsonNode value, ParameterizedType generic) {
        Type inner = generic.getActualTypeArguments()[0];
        if (generic.getRawType() == Optional.class) {
            if (value.isNull()) {
                throw malformed(place + ": has no value; write one, or leave the key out");
            }
            return member(place, value, inner);
        }
        if (generic.getRawType() == List.class && value instanceof ArrayNode elements) {
            ArrayNode list = JsonNodeFactory.instance.arrayNode();
            for (JsonNode element : elements) {
                list.add(member(place + "[" + list.size() + "]", element, inner));
            }
            return list;
        }
        return value;
    }

    /** The record of a sealed interface that the key {@code type} names. */
    private Class<?> named(String place, ObjectNode yaml, Class<?> sealed) {
        List<Class<?>> permitted = RecordShape.permitted(sealed);
        @Nullable JsonNode tag = yaml.get(RecordShape.TAG_MEMBER);
        for (Class<?> record : permitted) {
            if (tag != null && tag.asString().equals(RecordShape.of(record).tag())) {
                return record;
            }
        }
        throw malformed(
                "%s.%s: one of %s is expected, not %s"
                        .formatted(
                                place,
                                RecordShape.TAG_MEMBER,
                                permitted.stream().map(r -> RecordShape.of(r).tag()).toList(),
                                tag == null ? "nothing" : tag));
    }

    /** What is wrong with a value, of a JSON document, in the words of YAML. */
    String words(String message) {
        Matcher place = PLACE.matcher(message);
        if (!place.matches()) {
            return message;
        }
        String key = place.group(1);
        String reason = place.group(2);
        return (key.isEmpty() ? "" : spelt(key) + ": ") + reason + advice(reason);
    }

    private static String advice(String reason) {
        if (reason.startsWith("an array is expected")) {
            return "; write a list such as [a, b]";
        }
        return reason.matches("a string is expected, not [^a].*") ? "; quote it" : "";
    }

    private String key(RecordComponent component) {
        return spelt(component.getName());
    }

    private String spelt(String name) {
        return spelt(name, spelling);
    }

    /** A record's JSON with keys as a file has them; members without a value are left out. */
    static JsonNode spelt(JsonNode node, Spelling spelling) {
        return switch (node) {
            case ObjectNode members -> {
                ObjectNode yaml = JsonNodeFactory.instance.objectNode();
                members.properties().stream()
                        .filter(member -> !member.getValue().isNull())
                        .forEach(member ->
                                yaml.set(
                                        spelt(member.getKey(), spelling),
                                        spelt(member.getValue(), spelling)));
                yield yaml;
            }
            case ArrayNode elements -> {
                ArrayNode list = JsonNodeFactory.instance.arrayNode();
                elements.forEach(element -> list.add(spelt(element, spelling)));
                yield list;
            }
            default -> node;
        };
    }

    private static String spelt(String name, Spelling spelling) {
        return switch (spelling) {
            case CAMEL_CASE -> name;
            case HYPHENATED -> name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
        };
    }

    private TrustException malformed(String reason) {
        return new TrustException(Code.DOCUMENT_MALFORMED, file + ": " + reason);
    }
}
