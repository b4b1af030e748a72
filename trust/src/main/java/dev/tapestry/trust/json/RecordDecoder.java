package dev.tapestry.trust.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.net.URI;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** From {@link JsonValue}s to records; a place in the document is named as {@code $.files[2]}. */
final class RecordDecoder {

    private static final Pattern WHOLE = Pattern.compile("-?[0-9]{1,16}");
    private static final int QUOTED = 80;

    private RecordDecoder() {}

    static Object decode(String path, JsonValue value, Type type) {
        if (type instanceof ParameterizedType generic) {
            return container(path, value, generic);
        }
        if (!(type instanceof Class<?> plain)) {
            throw unsupported(path, type);
        }
        if (plain == String.class) {
            return text(path, value);
        } else if (plain == boolean.class || plain == Boolean.class) {
            return truth(path, value);
        } else if (plain == int.class || plain == Integer.class) {
            return (int) whole(path, value, Integer.MIN_VALUE, Integer.MAX_VALUE);
        } else if (plain == long.class || plain == Long.class) {
            return whole(path, value, -RecordEncoder.LARGEST_WHOLE, RecordEncoder.LARGEST_WHOLE);
        } else if (plain == double.class || plain == Double.class) {
            return real(path, value);
        } else if (plain == float.class || plain == Float.class) {
            return narrow(path, real(path, value));
        } else if (plain.isEnum()) {
            return constant(path, text(path, value), plain);
        } else if (plain == Instant.class || plain == Duration.class || plain == URI.class) {
            return parsed(path, text(path, value), plain);
        } else if (plain.isRecord()) {
            return record(path, value, RecordShape.of(plain));
        } else if (plain.isSealed()) {
            return sealed(path, value, plain);
        }
        throw unsupported(path, type);
    }

    private static Object sealed(String path, JsonValue value, Class<?> sealed) {
        JsonValue tag = members(path, value).get(RecordShape.TAG_MEMBER);
        List<String> known = new ArrayList<>();
        for (Class<?> permitted : RecordShape.permitted(sealed)) {
            if (!permitted.isRecord()) {
                throw unsupported(path, permitted);
            }
            RecordShape shape = RecordShape.of(permitted);
            if (tag instanceof JsonValue.Text(String name) && name.equals(shape.tag())) {
                return record(path, value, shape);
            }
            known.add(shape.tag());
        }
        throw refused(
                path + "." + RecordShape.TAG_MEMBER,
                "one of " + known + " is expected, not " + (tag == null ? "nothing" : shown(tag)));
    }

    private static Object record(String path, JsonValue value, RecordShape shape) {
        List<RecordShape.Component> components = shape.components();
        @Nullable Object[] arguments = new @Nullable Object[components.size()];
        if (shape.scalar()) {
            arguments[0] = decode(path, value, components.getFirst().type());
            return construct(path, value, shape, arguments);
        }
        SortedMap<String, JsonValue> members = new TreeMap<>(members(path, value));
        if (shape.tag() != null) {
            JsonValue tag = members.remove(RecordShape.TAG_MEMBER);
            if (!new JsonValue.Text(shape.tag()).equals(tag)) {
                throw refused(
                        path + "." + RecordShape.TAG_MEMBER,
                        "\""
                                + shape.tag()
                                + "\" is expected, not "
                                + (tag == null ? "nothing" : shown(tag)));
            }
        }
        for (int i = 0; i < arguments.length; i++) {
            RecordShape.Component component = components.get(i);
            arguments[i] = member(path, members.remove(component.name()), component);
        }
        if (!members.isEmpty()) {
            List<String> known = components.stream().map(RecordShape.Component::name).toList();
            throw refused(
                    path,
                    "unknown member \""
                            + abbreviated(members.firstKey())
                            + "\"; known are "
                            + known);
        }
        return construct(path, value, shape, arguments);
    }

    private static @Nullable Object member(
            String path, @Nullable JsonValue value, RecordShape.Component component) {
        String place = path + "." + component.name();
        if (value == null) {
            if (component.leftOut()) {
                return Optional.empty();
            }
            throw refused(place, "is missing");
        }
        if (component.leftOut() && value instanceof JsonValue.Null) {
            throw refused(place, "is null; where there is none the member is left out");
        }
        boolean absent = value instanceof JsonValue.Null;
        if (component.type() instanceof ParameterizedType generic
                && generic.getRawType() == Optional.class) {
            return absent
                    ? Optional.empty()
                    : Optional.of(decode(place, value, generic.getActualTypeArguments()[0]));
        }
        return absent && component.nullable() ? null : decode(place, value, component.type());
    }

    private static Object construct(
            String path, JsonValue value, RecordShape shape, @Nullable Object[] arguments) {
        try {
            return shape.constructor().newInstance(arguments);
        } catch (InvocationTargetException e) {
            // The record's own rules speak here; they were written to be read by people.
            Throwable rule = e.getCause() == null ? e : e.getCause();
            String quoted = new String(JsonBytes.write(value), UTF_8);
            throw new TrustException(
                    Code.DOCUMENT_MALFORMED,
                    path
                            + ": "
                            + rule.getMessage()
                            + (quoted.length() > QUOTED ? "" : ": " + quoted),
                    rule);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot construct " + shape.type(), e);
        }
    }

    private static Object container(String path, JsonValue value, ParameterizedType generic) {
        Type raw = generic.getRawType();
        Type[] inner = generic.getActualTypeArguments();
        if (raw == List.class || raw == Collection.class) {
            return List.copyOf(elements(path, value, inner[0]));
        } else if (raw == Set.class || raw == SequencedSet.class) {
            List<Object> elements = elements(path, value, inner[0]);
            Set<Object> distinct = new LinkedHashSet<>(elements);
            if (distinct.size() != elements.size()) {
                throw refused(path, "has an element twice");
            }
            return distinct;
        } else if (raw == Map.class || raw == SequencedMap.class || raw == SortedMap.class) {
            Map<Object, Object> map =
                    raw == SortedMap.class ? new TreeMap<>() : new LinkedHashMap<>();
            members(path, value)
                    .forEach((key, member) ->
                            map.put(
                                    key(path, key, inner[0]),
                                    decode(path + "." + key, member, inner[1])));
            return map;
        }
        throw unsupported(path, generic);
    }

    private static List<Object> elements(String path, JsonValue value, Type type) {
        if (!(value instanceof JsonValue.Elements(var elements))) {
            throw refused(path, "an array is expected, not " + named(value));
        }
        List<Object> decoded = new ArrayList<>(elements.size());
        for (JsonValue element : elements) {
            decoded.add(decode(path + "[" + decoded.size() + "]", element, type));
        }
        return decoded;
    }

    private static Object key(String path, String key, Type type) {
        boolean number =
                type == Integer.class
                        || type == Long.class
                        || (type instanceof Class<?> c
                                && c.isRecord()
                                && RecordShape.of(c).scalar()
                                && RecordShape.of(c).components().getFirst().type()
                                        != String.class);
        // One number, one key: "07" and "+7" are not 7.
        if (number && !key.matches("0|-?[1-9][0-9]{0,15}")) {
            throw refused(path, "the key \"" + abbreviated(key) + "\" is not a whole number");
        }
        return decode(
                path + " (key)",
                number ? new JsonValue.Numeral(key) : new JsonValue.Text(key),
                type);
    }

    private static SortedMap<String, JsonValue> members(String path, JsonValue value) {
        if (value instanceof JsonValue.Members(var members)) {
            return members;
        }
        throw refused(path, "an object is expected, not " + named(value));
    }

    private static String text(String path, JsonValue value) {
        if (value instanceof JsonValue.Text(String text)) {
            return text;
        }
        throw refused(path, "a string is expected, not " + named(value));
    }

    private static boolean truth(String path, JsonValue value) {
        if (value instanceof JsonValue.Truth(boolean truth)) {
            return truth;
        }
        throw refused(path, "true or false is expected, not " + named(value));
    }

    private static long whole(String path, JsonValue value, long least, long most) {
        if (value instanceof JsonValue.Numeral(String text) && WHOLE.matcher(text).matches()) {
            long number = Long.parseLong(text);
            if (number >= least && number <= most) {
                return number;
            }
        }
        throw refused(
                path,
                "a whole number from "
                        + least
                        + " to "
                        + most
                        + " is expected, not "
                        + shown(value));
    }

    private static double real(String path, JsonValue value) {
        if (value instanceof JsonValue.Numeral(String text)) {
            return Double.parseDouble(text);
        }
        throw refused(path, "a number is expected, not " + named(value));
    }

    private static float narrow(String path, double wide) {
        if (!Float.isFinite((float) wide)) {
            throw refused(path, wide + " is too large");
        }
        return (float) wide;
    }

    private static Object constant(String path, String name, Class<?> type) {
        for (Object constant : type.getEnumConstants()) {
            if (((Enum<?>) constant).name().equals(name)) {
                return constant;
            }
        }
        throw refused(
                path,
                "one of "
                        + List.of(type.getEnumConstants())
                        + " is expected, not \""
                        + abbreviated(name)
                        + "\"");
    }

    private static Object parsed(String path, String text, Class<?> type) {
        try {
            return type == Instant.class
                    ? Instant.parse(text)
                    : type == Duration.class ? Duration.parse(text) : URI.create(text);
        } catch (DateTimeException | IllegalArgumentException e) {
            throw new TrustException(
                    Code.DOCUMENT_MALFORMED,
                    path
                            + ": \""
                            + abbreviated(text)
                            + "\" is no "
                            + type.getSimpleName()
                            + (type == Duration.class
                                    ? "; write PT72H for 72 hours, PT10M for ten minutes"
                                    : ""),
                    e);
        }
    }

    /** A single value as it stands; of an object or array only that it is one. */
    private static String named(JsonValue value) {
        return value instanceof JsonValue.Members || value instanceof JsonValue.Elements
                ? value.kind()
                : shown(value);
    }

    private static String shown(JsonValue value) {
        return abbreviated(new String(JsonBytes.write(value), UTF_8));
    }

    private static String abbreviated(String text) {
        if (text.length() <= QUOTED) {
            return text;
        }
        // Half a surrogate pair in a message would make every document that quotes it unwritable.
        boolean split = Character.isHighSurrogate(text.charAt(QUOTED - 1));
        return text.substring(0, split ? QUOTED - 1 : QUOTED) + "…";
    }

    private static TrustException refused(String path, String why) {
        return new TrustException(Code.DOCUMENT_MALFORMED, path + ": " + why);
    }

    private static IllegalArgumentException unsupported(String path, Type type) {
        return new IllegalArgumentException(
                path + ": no document has a component of the type " + type);
    }
}
