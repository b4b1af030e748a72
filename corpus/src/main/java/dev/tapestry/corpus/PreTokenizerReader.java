package dev.tapestry.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** Reads the {@code pre_tokenizer} of a {@code tokenizer.json}: what ends in {@code ByteLevel}. */
final class PreTokenizerReader {

    private final List<Pattern> splits = new ArrayList<>();
    private boolean ended;

    private PreTokenizerReader() {}

    static PreTokenizer read(JsonNode component) {
        PreTokenizerReader reader = new PreTokenizerReader();
        if (Json.type(component).equals("Sequence")) {
            component.path("pretokenizers").forEach(reader::add);
        } else {
            reader.add(component);
        }
        if (!reader.ended) {
            throw TokenizerFile.unsupported("a pre_tokenizer that does not end with ByteLevel");
        }
        return new PreTokenizer(reader.splits);
    }

    private void add(JsonNode component) {
        if (ended) {
            throw TokenizerFile.unsupported(
                    "the pre_tokenizer " + Json.type(component) + " after ByteLevel");
        }
        switch (Json.type(component)) {
            case "Split" -> splits.add(split(component));
            case "Digits" ->
                    splits.add(
                            Pattern.compile(
                                    component.path("individual_digits").asBoolean(false)
                                            ? "\\p{N}"
                                            : "\\p{N}+"));
            case "ByteLevel" -> byteLevel(component);
            case String other -> throw TokenizerFile.unsupported("the pre_tokenizer " + other);
        }
    }

    private void byteLevel(JsonNode component) {
        if (component.path("add_prefix_space").asBoolean(true)) {
            throw TokenizerFile.unsupported("add_prefix_space of the pre_tokenizer ByteLevel");
        }
        if (component.path("use_regex").asBoolean(true)) {
            splits.add(compiled(SplitPattern.GPT2));
        }
        ended = true;
    }

    private static Pattern split(JsonNode component) {
        String behavior = component.path("behavior").asString("");
        if (!behavior.equals("Isolated") || component.path("invert").asBoolean(false)) {
            throw TokenizerFile.unsupported(
                    "the behavior '%s' (or invert) of the pre_tokenizer Split".formatted(behavior));
        }
        JsonNode pattern = component.path("pattern");
        if (pattern.path("Regex").isString()) {
            return compiled(pattern.path("Regex").stringValue());
        }
        if (pattern.path("String").isString() && !pattern.path("String").stringValue().isEmpty()) {
            return Pattern.compile(Pattern.quote(pattern.path("String").stringValue()));
        }
        throw TokenizerFile.unsupported(
                "the pattern %s of the pre_tokenizer Split".formatted(pattern));
    }

    private static Pattern compiled(String pattern) {
        try {
            return SplitPattern.compile(pattern);
        } catch (SplitPattern.UnsupportedPattern e) {
            throw TokenizerFile.unsupported(e.getMessage() + " of the pre_tokenizer Split");
        }
    }
}
