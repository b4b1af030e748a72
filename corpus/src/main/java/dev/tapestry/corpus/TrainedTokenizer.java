package dev.tapestry.corpus;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A byte-level vocabulary as {@link BytePairTrainer} learned it.
 *
 * @param tokens in the byte alphabet; the index is the id
 * @param merges in the order in which they are preferred
 */
public record TrainedTokenizer(List<String> tokens, List<Merge> merges) {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Two tokens that become one. */
    public record Merge(String left, String right) {}

    public TrainedTokenizer {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
    }

    /** How many ids there are, special tokens included. */
    public int vocabSize() {
        return tokens.size() + 2;
    }

    /** This vocabulary, ready to encode. */
    public ByteLevelTokenizer tokenizer() {
        return TokenizerFile.parse(tokenizerJson(), configJson());
    }

    /**
     * Writes {@code tokenizer.json} and {@code tokenizer_config.json} in the Hugging Face format,
     * in the form that Llama 3 gave it. The same vocabulary gives the same bytes.
     */
    public void write(Path directory) {
        WholeFile.write(directory.resolve(TokenizerFile.NAME), tokenizerJson());
        WholeFile.write(directory.resolve(TokenizerFile.CONFIG_NAME), configJson());
    }

    /** The bytes of {@code tokenizer.json}. */
    public byte[] tokenizerJson() {
        ObjectNode file = JSON.createObjectNode();
        file.put("version", "1.0");
        file.putNull("truncation");
        file.putNull("padding");
        ArrayNode added = file.putArray("added_tokens");
        special(added, tokens.size(), ByteLevelTokenizer.BEGIN_OF_TEXT);
        special(added, tokens.size() + 1, ByteLevelTokenizer.END_OF_TEXT);
        file.putNull("normalizer");
        ObjectNode sequence = file.putObject("pre_tokenizer").put("type", "Sequence");
        ArrayNode stages = sequence.putArray("pretokenizers");
        ObjectNode split = stages.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", SplitPattern.LLAMA3);
        split.put("behavior", "Isolated").put("invert", false);
        byteLevel(stages.addObject(), false);
        byteLevel(file.putObject("post_processor"), true);
        byteLevel(file.putObject("decoder"), true);
        ObjectNode model = file.putObject("model").put("type", "BPE");
        model.putNull("dropout").putNull("unk_token").putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        ObjectNode vocab = model.putObject("vocab");
        IntStream.range(0, tokens.size()).forEach(id -> vocab.put(tokens.get(id), id));
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(merge -> pairs.add(merge.left() + " " + merge.right()));
        return JSON.writeValueAsBytes(file);
    }

    private static byte[] configJson() {
        ObjectNode config = JSON.createObjectNode();
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("bos_token", ByteLevelTokenizer.BEGIN_OF_TEXT);
        config.put("eos_token", ByteLevelTokenizer.END_OF_TEXT);
        // Documents are packed with an end only: a model never sees the beginning in training.
        config.put("add_bos_token", false);
        config.put("add_eos_token", false);
        config.put("clean_up_tokenization_spaces", false);
        return JSON.writeValueAsBytes(config);
    }

    private static void special(ArrayNode added, int id, String content) {
        describe(added.addObject(), new SpecialToken(id, content, true));
    }

    /** An entry of {@code added_tokens}. */
    static void describe(ObjectNode entry, SpecialToken token) {
        entry.put("id", token.id())
                .put("content", token.content())
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", token.special());
    }

    private static void byteLevel(ObjectNode component, boolean useRegex) {
        component
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", useRegex);
    }
}
