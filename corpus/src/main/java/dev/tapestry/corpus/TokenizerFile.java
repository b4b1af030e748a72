package dev.tapestry.corpus;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads {@code tokenizer.json} and, for the names of its end and beginning, its neighbour. */
final class TokenizerFile {

    static final String NAME = "tokenizer.json";
    static final String CONFIG_NAME = "tokenizer_config.json";

    private static final long MAX_BYTES = 256L << 20;
    private static final int MAX_ID = 1 << 22;
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private static final List<String> KNOWN_ENDS =
            List.of(ByteLevelTokenizer.END_OF_TEXT, "<|endoftext|>", "</s>");
    private static final List<String> KNOWN_BEGINNINGS =
            List.of(ByteLevelTokenizer.BEGIN_OF_TEXT, "<|startoftext|>", "<s>");

    private final JsonNode file;

    private TokenizerFile(JsonNode file) {
        this.file = file;
    }

    static ByteLevelTokenizer open(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve(NAME) : path;
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw invalid(file + " is longer than " + MAX_BYTES + " bytes");
            }
            Path config = file.resolveSibling(CONFIG_NAME);
            byte[] configBytes =
                    Files.exists(config) && Files.size(config) <= MAX_BYTES
                            ? Files.readAllBytes(config)
                            : null;
            return parse(Files.readAllBytes(file), configBytes);
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot read " + file + ": " + e, e);
        }
    }

    static ByteLevelTokenizer parse(byte[] tokenizer, byte @Nullable [] config) {
        try {
            TokenizerFile file = new TokenizerFile(JSON.readTree(tokenizer));
            JsonNode settings = config == null ? JSON.createObjectNode() : JSON.readTree(config);
            return new ByteLevelTokenizer(Digest.of(tokenizer), file.parts(settings));
        } catch (JacksonException e) {
            throw new CorpusException(
                    Code.TOKENIZER_INVALID,
                    "the tokenizer is not JSON: " + e.getOriginalMessage(),
                    e);
        } catch (IllegalArgumentException e) {
            throw new CorpusException(
                    Code.TOKENIZER_INVALID,
                    "the tokenizer contradicts itself: " + e.getMessage(),
                    e);
        }
    }

    private TokenizerParts parts(JsonNode settings) {
        if (!file.isObject() || !file.path("model").isObject()) {
            throw invalid("a tokenizer.json has an object 'model'");
        }
        if (!Json.absent(file, "padding") || !Json.absent(file, "truncation")) {
            throw unsupported("padding and truncation");
        }
        JsonNode decoder = file.path("decoder");
        if (!Json.absent(file, "decoder") && !Json.type(decoder).equals("ByteLevel")) {
            throw unsupported("the decoder " + Json.type(decoder));
        }
        JsonNode normalizer = file.path("normalizer");
        if (!Json.absent(file, "normalizer") && !Json.type(normalizer).equals("NFC")) {
            throw unsupported("the normalizer " + Json.type(normalizer));
        }
        JsonNode model = file.path("model");
        checkModel(model);
        Map<String, Integer> ids = vocabulary(model.path("vocab"));
        List<SpecialToken> added = addedTokens();
        Vocabulary vocabulary = new Vocabulary(ids, added);
        return new TokenizerParts(
                vocabulary,
                merges(model.path("merges"), ids),
                PreTokenizerReader.read(file.path("pre_tokenizer")),
                !Json.absent(file, "normalizer"),
                model.path("ignore_merges").asBoolean(false),
                added,
                named(settings.path("eos_token"), KNOWN_ENDS, vocabulary),
                named(settings.path("bos_token"), KNOWN_BEGINNINGS, vocabulary));
    }

    private static void checkModel(JsonNode model) {
        String type = model.has("type") ? Json.type(model) : "BPE";
        if (!type.equals("BPE")) {
            throw unsupported("the model " + type);
        }
        for (String key : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!Json.absent(model, key) && !model.path(key).asString("?").isEmpty()) {
                throw unsupported("the model's " + key);
            }
        }
        if (!Json.absent(model, "dropout") && model.path("dropout").asDouble(1) != 0) {
            throw unsupported("the model's dropout");
        }
        if (model.path("byte_fallback").asBoolean(false)) {
            throw unsupported("the model's byte_fallback");
        }
    }

    private static Map<String, Integer> vocabulary(JsonNode vocab) {
        if (!vocab.isObject()) {
            throw invalid("the model has no object 'vocab'");
        }
        Map<String, Integer> ids = HashMap.newHashMap(vocab.size());
        vocab.forEachEntry((token, id) -> ids.put(token, id(token, id)));
        return ids;
    }

    private static int id(String token, JsonNode id) {
        if (!id.isIntegralNumber()
                || !id.canConvertToInt()
                || id.intValue() < 0
                || id.intValue() >= MAX_ID) {
            throw invalid(
                    "the id of '%s' must be a number from 0 to %d, not %s"
                            .formatted(token, MAX_ID - 1, id));
        }
        return id.intValue();
    }

    private static MergeTable merges(JsonNode merges, Map<String, Integer> ids) {
        if (!merges.isArray()) {
            throw invalid("the model has no array 'merges'");
        }
        MergeTable table = new MergeTable(merges.size());
        int rank = 0;
        for (JsonNode merge : merges) {
            String[] sides = sides(merge);
            Integer left = ids.get(sides[0]);
            Integer right = ids.get(sides[1]);
            Integer merged = ids.get(sides[0] + sides[1]);
            if (left == null || right == null || merged == null) {
                throw invalid(
                        "merge %d, %s, names a token that the vocabulary lacks"
                                .formatted(rank, merge));
            }
            if (!table.add(left, right, rank, merged)) {
                throw invalid("merge %d, %s, stands there twice".formatted(rank, merge));
            }
            rank++;
        }
        return table;
    }

    private static String[] sides(JsonNode merge) {
        if (merge.isString()) {
            String text = merge.stringValue();
            int space = text.indexOf(' ');
            if (space > 0 && space < text.length() - 1 && text.indexOf(' ', space + 1) < 0) {
                return new String[] {text.substring(0, space), text.substring(space + 1)};
            }
        } else if (merge.isArray()
                && merge.size() == 2
                && merge.path(0).isString()
                && merge.path(1).isString()) {
            return new String[] {merge.path(0).stringValue(), merge.path(1).stringValue()};
        }
        throw invalid("a merge is \"a b\" or [\"a\", \"b\"], not " + merge);
    }

    private List<SpecialToken> addedTokens() {
        List<SpecialToken> added = new ArrayList<>();
        if (Json.absent(file, "added_tokens")) {
            return added;
        }
        if (!file.path("added_tokens").isArray()) {
            throw invalid("added_tokens must be an array");
        }
        for (JsonNode token : file.path("added_tokens")) {
            String content = token.path("content").asString("");
            if (content.isEmpty()) {
                throw invalid("an added token has a text in 'content', not " + token);
            }
            for (String key : List.of("lstrip", "rstrip", "single_word")) {
                if (token.path(key).asBoolean(false)) {
                    throw unsupported("%s of the added token '%s'".formatted(key, content));
                }
            }
            int id = id(content, token.path("id"));
            if (added.stream()
                    .anyMatch(other -> other.id() == id || other.content().equals(content))) {
                throw invalid(
                        "the added token '%s' (id %d) stands there twice".formatted(content, id));
            }
            added.add(new SpecialToken(id, content, token.path("special").asBoolean(false)));
        }
        return added;
    }

    /** The id of the token that the settings name, as text or as an object; else of a usual one. */
    private static OptionalInt named(JsonNode setting, List<String> usual, Vocabulary vocabulary) {
        String name =
                setting.isObject() ? setting.path("content").asString("") : setting.asString("");
        if (!name.isEmpty()) {
            return vocabulary.id(name);
        }
        return usual.stream()
                .map(vocabulary::id)
                .filter(OptionalInt::isPresent)
                .findFirst()
                .orElse(OptionalInt.empty());
    }

    private static CorpusException invalid(String reason) {
        return new CorpusException(Code.TOKENIZER_INVALID, reason);
    }

    static CorpusException unsupported(String component) {
        return new CorpusException(
                Code.TOKENIZER_UNSUPPORTED,
                component + " of this tokenizer.json is not supported; only byte-level BPE is");
    }
}
