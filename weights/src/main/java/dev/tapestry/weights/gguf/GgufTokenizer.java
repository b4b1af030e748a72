package dev.tapestry.weights.gguf;

import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/**
 * A byte-level BPE tokenizer in the words of GGUF.
 *
 * @param split how text is cut into words: the name of a rule that readers know
 * @param tokens by id; in the byte alphabet of GPT-2
 * @param kinds of each token: 1 normal, 3 control, 4 defined by the user, 5 unused
 * @param merges "left right", the first applies first
 * @param addBegin whether a text is preceded by the begin token
 * @param beginToken id of the {@code bos_token} of {@code tokenizer_config.json}
 * @param endToken id of its {@code eos_token}
 * @param chatTemplate how turns of a conversation are written out, in Jinja: its {@code
 *     chat_template}
 */
record GgufTokenizer(
        String split,
        List<String> tokens,
        List<Integer> kinds,
        List<String> merges,
        boolean addBegin,
        OptionalInt beginToken,
        OptionalInt endToken,
        Optional<String> chatTemplate) {

    private static final int NORMAL = 1;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;

    /** The rule of Llama 3, as its {@code tokenizer.json} has it. */
    static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** Mistral Nemo's: words begin at capitals. */
    static final String TEKKEN =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}|"
                    + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** Qwen 2's: digits one by one. */
    private static final String QWEN2 = LLAMA3.replace("\\p{N}{1,3}", "\\p{N}");

    /**
     * Reads {@code tokenizer.json} in {@code directory}, and {@code tokenizer_config.json} if it is
     * there.
     *
     * @param vocabulary rows of the embedding; ids that the tokenizer lacks are marked unused
     */
    static GgufTokenizer read(Path directory, int vocabulary) {
        Path path = directory.resolve("tokenizer.json");
        JsonNode json = JsonFile.read(path);
        JsonNode model = json.path("model");
        if (!model.path("type").asString("BPE").equals("BPE")
                || !model.path("vocab").isObject()
                || !model.path("merges").isArray()) {
            throw unsupported(path, "a model that is not BPE");
        }
        // Readers of GGUF do not normalise; for text already in NFC that makes no difference.
        String normalizer = json.path("normalizer").path("type").asString("NFC");
        if (!normalizer.equals("NFC")) {
            throw unsupported(path, "the normalizer " + normalizer);
        }
        List<String> tokens = new ArrayList<>();
        List<Integer> kinds = new ArrayList<>();
        for (int id = 0; id < vocabulary; id++) {
            tokens.add("[PAD" + id + "]");
            kinds.add(UNUSED);
        }
        var reader = new Tokens(path, tokens, kinds);
        model.path("vocab").forEachEntry((token, id) -> reader.put(id, token, NORMAL));
        for (JsonNode added : json.path("added_tokens")) {
            boolean special = added.path("special").asBoolean(false);
            reader.put(
                    added.path("id"),
                    added.path("content").asString(""),
                    special ? CONTROL : USER_DEFINED);
        }
        JsonNode settings = settings(directory);
        return new GgufTokenizer(
                split(path, json.path("pre_tokenizer"), model),
                Collections.unmodifiableList(tokens),
                Collections.unmodifiableList(kinds),
                merges(path, model.path("merges")),
                addsBegin(settings, json),
                named(settings.path("bos_token"), tokens),
                named(settings.path("eos_token"), tokens),
                Optional.of(settings.path("chat_template").asString("")).filter(t -> !t.isEmpty()));
    }

    private static JsonNode settings(Path directory) {
        Path config = directory.resolve("tokenizer_config.json");
        return Files.exists(config) ? JsonFile.read(config) : MissingNode.getInstance();
    }

    /** The id of a token that is given as a text, or as an object with its content. */
    private static OptionalInt named(JsonNode token, List<String> tokens) {
        int id = tokens.indexOf(token.path("content").asString(token.asString("")));
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    private record Tokens(Path path, List<String> tokens, List<Integer> kinds) {
        void put(JsonNode id, String token, int kind) {
            if (!id.isInt() || id.intValue() < 0 || id.intValue() >= tokens.size()) {
                throw unsupported(
                        path,
                        "the id "
                                + id
                                + " of '"
                                + token
                                + "': the model has "
                                + tokens.size()
                                + " tokens");
            }
            tokens.set(id.intValue(), token);
            kinds.set(id.intValue(), kind);
        }
    }

    private static List<String> merges(Path path, JsonNode merges) {
        List<String> pairs = new ArrayList<>(merges.size());
        for (JsonNode merge : merges) {
            String pair =
                    merge.isArray()
                            ? merge.path(0).asString("") + " " + merge.path(1).asString("")
                            : merge.asString("");
            if (!pair.matches("[^ ]+ [^ ]+")) {
                throw unsupported(path, "the merge " + merge);
            }
            pairs.add(pair);
        }
        return List.copyOf(pairs);
    }

    /**
     * The name of the rule. {@code llama-bpe} takes a word that is a token as it is, before any
     * merge; {@code smaug-bpe} has the same rule of cutting and always merges, as {@code qwen2} and
     * {@code smollm} do; {@code tekken} takes words as they are.
     */
    private static String split(Path path, JsonNode pre, JsonNode model) {
        if (byteLevel(pre, true)) {
            return "gpt-2";
        }
        JsonNode steps = pre.path("pretokenizers");
        JsonNode first = steps.path(0);
        boolean words = model.path("ignore_merges").asBoolean(false);
        if (steps.size() == 2 && byteLevel(steps.path(1), false)) {
            if (isolates(first, LLAMA3)) {
                return words ? "llama-bpe" : "smaug-bpe";
            }
            if (isolates(first, QWEN2) && !words) {
                return "qwen2";
            }
            if (isolates(first, TEKKEN) && words) {
                return "tekken";
            }
        }
        if (steps.size() == 2 && byteLevel(steps.path(1), true) && !words && digits(first)) {
            return "smollm";
        }
        throw unsupported(path, "the pre_tokenizer " + pre);
    }

    private static boolean digits(JsonNode step) {
        return step.path("type").asString("").equals("Digits")
                && step.path("individual_digits").asBoolean(false);
    }

    private static boolean isolates(JsonNode step, String pattern) {
        return step.path("pattern").path("Regex").asString("").equals(pattern)
                && step.path("behavior").asString("").equals("Isolated");
    }

    private static boolean byteLevel(JsonNode step, boolean regex) {
        return step.path("type").asString("").equals("ByteLevel")
                && step.path("use_regex").asBoolean(true) == regex
                && !step.path("add_prefix_space").asBoolean(true);
    }

    private static boolean addsBegin(JsonNode settings, JsonNode tokenizer) {
        JsonNode add = settings.path("add_bos_token");
        if (add.isBoolean()) {
            return add.booleanValue();
        }
        JsonNode post = tokenizer.path("post_processor");
        if (post.path("single").path(0).has("SpecialToken")) {
            return true;
        }
        for (JsonNode step : post.path("processors")) {
            if (step.path("single").path(0).has("SpecialToken")) {
                return true;
            }
        }
        return false;
    }

    private static WeightsException unsupported(Path path, String what) {
        return new WeightsException(Code.UNSUPPORTED, path + ": the export does not know " + what);
    }
}
