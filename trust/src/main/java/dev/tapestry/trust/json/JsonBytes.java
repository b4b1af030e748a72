package dev.tapestry.trust.json;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/** Between bytes and {@link JsonValue}s: the strict reader and the canonical writer. */
final class JsonBytes {

    private static final int MAX_DEPTH = 64;

    /**
     * A token of two bytes becomes objects of up to a hundred, so the length of a document does not
     * bound its memory. A manifest of a terabyte in parts of 16 MiB has 400,000.
     */
    private static final int MAX_TOKENS = 500_000;

    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(MAX_DEPTH)
                                    .maxTokenCount(MAX_TOKENS)
                                    .build())
                    .build();

    private JsonBytes() {}

    /** Reads exactly one JSON value. */
    static JsonValue read(byte[] bytes) {
        String text = utf8(bytes);
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw malformed("the document is empty", null);
            }
            JsonValue value = value(parser, first);
            if (parser.nextToken() != null) {
                throw malformed("there is more after the document's end", null);
            }
            return value;
        } catch (JacksonException e) {
            throw malformed(
                    "not a JSON document: "
                            + e.getOriginalMessage()
                            + (e.getLocation() == null
                                    ? ""
                                    : ", at line "
                                            + e.getLocation().getLineNr()
                                            + ", column "
                                            + e.getLocation().getColumnNr()),
                    e);
        }
    }

    /** Writes RFC 8785's form. */
    static byte[] write(JsonValue value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String utf8(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw malformed("the document is not UTF-8", e);
        }
    }

    private static JsonValue value(JsonParser parser, JsonToken token) {
        return switch (token) {
            case START_OBJECT -> {
                TreeMap<String, JsonValue> members = new TreeMap<>();
                while (next(parser) != JsonToken.END_OBJECT) {
                    String key = paired(parser.currentName());
                    members.put(key, value(parser, next(parser)));
                }
                yield new JsonValue.Members(members);
            }
            case START_ARRAY -> {
                List<JsonValue> elements = new ArrayList<>();
                for (JsonToken t = next(parser); t != JsonToken.END_ARRAY; t = next(parser)) {
                    elements.add(value(parser, t));
                }
                yield new JsonValue.Elements(elements);
            }
            case VALUE_STRING -> new JsonValue.Text(paired(parser.getString()));
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser.getString());
            case VALUE_TRUE -> new JsonValue.Truth(true);
            case VALUE_FALSE -> new JsonValue.Truth(false);
            case VALUE_NULL -> new JsonValue.Null();
            case NOT_AVAILABLE, END_OBJECT, END_ARRAY, PROPERTY_NAME, VALUE_EMBEDDED_OBJECT ->
                    throw malformed("a value is expected, not " + token, null);
        };
    }

    private static JsonToken next(JsonParser parser) {
        JsonToken token = parser.nextToken();
        if (token == null) {
            throw malformed("the document ends too early", null);
        }
        return token;
    }

    private static JsonValue number(String text) {
        if (!Double.isFinite(Double.parseDouble(text))) {
            throw malformed("the number " + text + " is too large", null);
        }
        return new JsonValue.Numeral(text);
    }

    /** The text itself, when it is Unicode that UTF-8 can carry. */
    static String paired(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw malformed(
                        "half of a surrogate pair (\\u" + Integer.toHexString(c) + ") stands alone",
                        null);
            }
        }
        return text;
    }

    private static void write(JsonValue value, StringBuilder out) {
        switch (value) {
            case JsonValue.Members(var members) -> {
                String separator = "{";
                for (var member : members.entrySet()) {
                    out.append(separator);
                    quote(member.getKey(), out);
                    out.append(':');
                    write(member.getValue(), out);
                    separator = ",";
                }
                out.append(members.isEmpty() ? "{}" : "}");
            }
            case JsonValue.Elements(var elements) -> {
                String separator = "[";
                for (JsonValue element : elements) {
                    out.append(separator);
                    write(element, out);
                    separator = ",";
                }
                out.append(elements.isEmpty() ? "[]" : "]");
            }
            case JsonValue.Text(String text) -> quote(text, out);
            case JsonValue.Numeral(String text) ->
                    out.append(EcmaNumber.text(Double.parseDouble(text)));
            case JsonValue.Truth(boolean truth) -> out.append(truth);
            case JsonValue.Null() -> out.append("null");
        }
    }

    /** RFC 8785 §3.2.2.2: the shortest escapes, and only where JSON demands one. */
    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\b' -> out.append("\\b");
                case '\t' -> out.append("\\t");
                case '\n' -> out.append("\\n");
                case '\f' -> out.append("\\f");
                case '\r' -> out.append("\\r");
                default -> {
                    if (c < 0x20) {
                        out.append("\\u00").append(c < 0x10 ? "0" : "1");
                        out.append(Character.forDigit(c & 0xf, 16));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static TrustException malformed(String message, @Nullable Throwable cause) {
        return new TrustException(Code.DOCUMENT_MALFORMED, message, cause);
    }
}
