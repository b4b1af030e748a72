package dev.tapestry.corpus;

import dev.tapestry.corpus.CorpusException.Code;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A tokenizer with more tokens than another, whose ids it keeps: new ids come after all old ones.
 * Everything else in the two files stays as it is.
 *
 * @param tokenizerJson the new {@code tokenizer.json}
 * @param added the new tokens, whose ids run on from the old vocabulary's size
 */
public record ExtendedTokenizer(String tokenizerJson, List<NewToken> added) {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    public ExtendedTokenizer {
        added = List.copyOf(added);
    }

    /**
     * A token that the old tokenizer has not.
     *
     * @param id its number
     * @param content how it is written in the file
     * @param pieces the old tokens that it stands for
     */
    public record NewToken(int id, String content, List<Integer> pieces) {
        public NewToken {
            pieces = List.copyOf(pieces);
        }
    }

    /** The new {@code tokenizer.json} in UTF-8. */
    public byte[] bytes() {
        return tokenizerJson.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Adds tokens that stand for themselves; those that the tokenizer has already are left out.
     *
     * @param contents how they are written; not empty
     * @param special whether they are markup, which text never becomes
     */
    public static ExtendedTokenizer of(
            byte[] tokenizerJson, List<String> contents, boolean special) {
        ByteLevelTokenizer old = ByteLevelTokenizer.parse(tokenizerJson);
        ObjectNode file = object(tokenizerJson, "tokenizer.json");
        ArrayNode array =
                file.get("added_tokens") instanceof ArrayNode present
                        ? present
                        : file.putArray("added_tokens");
        List<NewToken> added = new ArrayList<>();
        for (String content : contents.stream().distinct().toList()) {
            if (content.isEmpty()) {
                throw new CorpusException(Code.TOKENIZER_INVALID, "a token to be added is empty");
            }
            if (old.id(content).isEmpty()) {
                int id = old.vocabSize() + added.size();
                TrainedTokenizer.describe(
                        array.addObject(), new SpecialToken(id, content, special));
                added.add(new NewToken(id, content, boxed(old.encode(content))));
            }
        }
        return checked(file, added);
    }

    /**
     * Learns more byte pairs from text, after all that the tokenizer knows: for a script or a
     * language that it cuts into small pieces. Of equally frequent pairs the one with the smaller
     * ids is learnt first.
     *
     * @param texts to learn from
     * @param most new tokens; less come out when too few pairs occur twice
     */
    public static ExtendedTokenizer grown(byte[] tokenizerJson, Iterable<String> texts, int most) {
        ByteLevelTokenizer old = ByteLevelTokenizer.parse(tokenizerJson);
        ObjectNode file = object(tokenizerJson, "tokenizer.json");
        Map<String, Long> words = new TreeMap<>();
        texts.forEach(text -> old.words(text, word -> words.merge(word, 1L, Long::sum)));
        PairCounts pairs = new PairCounts();
        words.forEach((word, count) -> pairs.add(old.encodeWord(word), count));
        ObjectNode vocab = (ObjectNode) file.path("model").path("vocab");
        ArrayNode merges = (ArrayNode) file.path("model").path("merges");
        boolean joined = !merges.isEmpty() && merges.get(0).isString();
        // Other libraries number added tokens after the vocabulary, unless they stand in it too.
        old.addedTokens().forEach(token -> vocab.put(token.content(), token.id()));
        Map<Integer, NewToken> added = new LinkedHashMap<>();
        while (added.size() < most) {
            PairCounts.Candidate best = pairs.mostFrequent();
            if (best == null || best.count() < 2) {
                break;
            }
            String left = content(old, added, best.left());
            String right = content(old, added, best.right());
            OptionalInt known = old.id(left + right);
            int id = known.orElse(old.vocabSize() + added.size());
            if (known.isEmpty()) {
                List<Integer> pieces = new ArrayList<>(pieces(added, best.left()));
                pieces.addAll(pieces(added, best.right()));
                added.put(id, new NewToken(id, left + right, pieces));
                vocab.put(left + right, id);
            }
            if (joined) {
                merges.add(left + " " + right);
            } else {
                merges.addArray().add(left).add(right);
            }
            pairs.merge(best.left(), best.right(), id);
        }
        return checked(file, List.copyOf(added.values()));
    }

    private static String content(ByteLevelTokenizer old, Map<Integer, NewToken> added, int id) {
        NewToken token = added.get(id);
        return token != null ? token.content() : ByteAlphabet.text(old.bytes(id));
    }

    private static List<Integer> pieces(Map<Integer, NewToken> added, int id) {
        NewToken token = added.get(id);
        return token != null ? token.pieces() : List.of(id);
    }

    private static List<Integer> boxed(int[] ids) {
        return Arrays.stream(ids).boxed().toList();
    }

    private static ExtendedTokenizer checked(ObjectNode file, List<NewToken> added) {
        ExtendedTokenizer extended = new ExtendedTokenizer(JSON.writeValueAsString(file), added);
        ByteLevelTokenizer.parse(extended.bytes()); // refuses what it cannot read
        return extended;
    }

    /**
     * {@code tokenizer_config.json} with a chat template, and the end of a turn as the end of text:
     * where programs stop to generate.
     *
     * @param config the old file; empty where there is none
     */
    public static byte[] chatConfig(Optional<byte[]> config, String jinja, String endOfTurn) {
        ObjectNode file =
                config.map(bytes -> object(bytes, "tokenizer_config.json"))
                        .orElseGet(() ->
                                JSON.createObjectNode()
                                        .put("tokenizer_class", "PreTrainedTokenizerFast"));
        file.put("chat_template", jinja);
        file.put("eos_token", endOfTurn);
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(file);
    }

    private static ObjectNode object(byte[] json, String name) {
        try {
            JsonNode node = JSON.readTree(json);
            if (node instanceof ObjectNode object) {
                return object;
            }
            throw new CorpusException(Code.TOKENIZER_INVALID, name + " is not a JSON object");
        } catch (JacksonException e) {
            throw new CorpusException(
                    Code.TOKENIZER_INVALID, name + " is not JSON: " + e.getOriginalMessage(), e);
        }
    }
}
