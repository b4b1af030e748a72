package dev.tapestry.trust.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** From records to {@link JsonValue}s. */
final class RecordEncoder {

    /** RFC 8785 §6, I-JSON: whole numbers beyond 2^53 − 1 do not survive every reader. */
    static final long LARGEST_WHOLE = (1L << 53) - 1;

    private RecordEncoder() {}

    static JsonValue encode(Object value) {
        return encode("$", value);
    }

    private static JsonValue encode(String path, @Nullable Object value) {
        return switch (value) {
            case null -> throw unwritable(path, "is null, but not declared @Nullable");
            case String text -> text(path, text);
            case Boolean truth -> new JsonValue.Truth(truth);
            case Integer number -> new JsonValue.Numeral(number.toString());
            case Long number -> whole(path, number);
            case Double number -> real(path, number);
            case Float number -> real(path, number);
            case Enum<?> constant -> new JsonValue.Text(constant.name());
            case Instant instant -> new JsonValue.Text(instant.toString());
            case Duration duration -> new JsonValue.Text(duration.toString());
            case URI uri -> text(path, uri.toString());
            case List<?> list -> new JsonValue.Elements(elements(path, list));
            case Set<?> set -> {
                List<JsonValue> elements = elements(path, set);
                elements.sort(Comparator.comparing(e -> new String(JsonBytes.write(e), UTF_8)));
                yield new JsonValue.Elements(elements);
            }
            case Map<?, ?> map -> map(path, map);
            case Record record -> record(path, record);
            default ->
                    throw unwritable(
                            path, "is a " + value.getClass().getName() + ", which has no form");
        };
    }

    private static JsonValue record(String path, Record record) {
        RecordShape shape = RecordShape.of(record.getClass());
        if (shape.scalar()) {
            return encode(path, component(record, shape.components().getFirst()));
        }
        TreeMap<String, JsonValue> members = new TreeMap<>();
        if (shape.tag() != null) {
            members.put(RecordShape.TAG_MEMBER, new JsonValue.Text(shape.tag()));
        }
        for (RecordShape.Component component : shape.components()) {
            String place = path + "." + component.name();
            Object value = component(record, component);
            boolean mayBeAbsent = component.nullable();
            if (value instanceof Optional<?> optional) {
                if (optional.isEmpty() && component.leftOut()) {
                    continue;
                }
                value = optional.orElse(null);
                mayBeAbsent = true;
            }
            JsonValue member =
                    value == null && mayBeAbsent ? new JsonValue.Null() : encode(place, value);
            if (members.put(component.name(), member) != null) {
                throw unwritable(place, "has the name that tells sealed records apart");
            }
        }
        return new JsonValue.Members(members);
    }

    private static @Nullable Object component(Record record, RecordShape.Component component) {
        try {
            return component.accessor().invoke(record);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new TrustException(
                    Code.DOCUMENT_UNWRITABLE, "cannot read " + component.accessor(), e);
        }
    }

    private static List<JsonValue> elements(String path, Iterable<?> values) {
        List<JsonValue> elements = new ArrayList<>();
        for (Object value : values) {
            elements.add(encode(path + "[" + elements.size() + "]", value));
        }
        return elements;
    }

    private static JsonValue map(String path, Map<?, ?> map) {
        TreeMap<String, JsonValue> members = new TreeMap<>();
        map.forEach((key, value) -> {
            String name =
                    switch (encode(path + " (key)", key)) {
                        case JsonValue.Text(String text) -> text;
                        case JsonValue.Numeral(String text) -> text;
                        case JsonValue.Members _,
                                JsonValue.Elements _,
                                JsonValue.Truth _,
                                JsonValue.Null _ ->
                                throw unwritable(path, "has a key that is no scalar");
                    };
            members.put(name, encode(path + "." + name, value));
        });
        return new JsonValue.Members(members);
    }

    private static JsonValue text(String path, String text) {
        try {
            return new JsonValue.Text(JsonBytes.paired(text));
        } catch (TrustException e) {
            throw unwritable(path, e.getMessage());
        }
    }

    private static JsonValue whole(String path, long number) {
        if (Math.abs(number) > LARGEST_WHOLE || number == Long.MIN_VALUE) {
            throw unwritable(path, "is " + number + ", beyond 2^53 - 1; write it as a string");
        }
        return new JsonValue.Numeral(Long.toString(number));
    }

    private static JsonValue real(String path, double number) {
        if (!Double.isFinite(number)) {
            throw unwritable(path, "is " + number + "; JSON has only finite numbers");
        }
        return new JsonValue.Numeral(Double.toString(number));
    }

    private static TrustException unwritable(String path, @Nullable String what) {
        return new TrustException(Code.DOCUMENT_UNWRITABLE, path + " " + what);
    }
}
