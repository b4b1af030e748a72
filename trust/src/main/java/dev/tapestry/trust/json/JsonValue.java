package dev.tapestry.trust.json;

import java.util.List;
import java.util.SortedMap;

/** A JSON document in memory; what lies between bytes and records. */
sealed interface JsonValue {

    /** An object; its keys in the order of UTF-16 code units, as RFC 8785 §3.2.3 sorts them. */
    record Members(SortedMap<String, JsonValue> values) implements JsonValue {}

    /** An array. */
    record Elements(List<JsonValue> values) implements JsonValue {}

    /** A string without unpaired surrogates. */
    record Text(String value) implements JsonValue {}

    /** A number as its text stands in the document; finite as a double. */
    record Numeral(String text) implements JsonValue {}

    /** True or false. */
    record Truth(boolean value) implements JsonValue {}

    /** The literal null. */
    record Null() implements JsonValue {}

    /** What a person would call this. */
    default String kind() {
        return switch (this) {
            case Members _ -> "an object";
            case Elements _ -> "an array";
            case Text _ -> "a string";
            case Numeral _ -> "a number";
            case Truth _ -> "true or false";
            case Null _ -> "null";
        };
    }
}
