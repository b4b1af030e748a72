package dev.tapestry.trust.json;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.json.StrictYaml.Spelling;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
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
        List<String> keys = of(type);
        for (String key : yaml.propertyNames()) {
            if (!keys.contains(key)) {
                throw malformed("unknown key '" + place + key + "'; the keys are " + keys);
            }
        }
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        for (RecordComponent component : type.getRecordComponents()) {
            String key = key(component);
            Optional<JsonNode> value = yaml.optional(key);
            if (value.isEmpty() && component.getType() != Optional.class) {
                throw malformed("the key '" + place + key + "' is missing; the keys are " + keys);
            }
            document.set(
                    component.getName(),
                    value.map(node -> member(place + key, node, component))
                            .orElseGet(JsonNodeFactory.instance::nullNode));
        }
        return document;
    }

    private JsonNode member(String place, JsonNode value, RecordComponent component) {
        if (value.isNull() && component.getType() == Optional.class) {
            throw malformed(place + ": has no value; write one, or leave the key out");
        }
        return value instanceof ObjectNode inner
                        && held(component) instanceof Class<?> type
                        && type.isRecord()
                        && !RecordShape.of(type).scalar()
                ? document(place + ".", inner, type)
                : value;
    }

    /** The type of the value where there is one. */
    private static Type held(RecordComponent component) {
        return component.getGenericType() instanceof ParameterizedType generic
                        && generic.getRawType() == Optional.class
                ? generic.getActualTypeArguments()[0]
                : component.getType();
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
        return switch (spelling) {
            case CAMEL_CASE -> name;
            case HYPHENATED -> name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
        };
    }

    private TrustException malformed(String reason) {
        return new TrustException(Code.DOCUMENT_MALFORMED, file + ": " + reason);
    }
}
