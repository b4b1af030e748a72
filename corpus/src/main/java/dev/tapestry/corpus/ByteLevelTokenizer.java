package dev.tapestry.corpus;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A byte-level byte-pair tokenizer in plain Java: the ids are those that Hugging Face tokenizers
 * gives for the same {@code tokenizer.json}. Thread-safe.
 *
 * <p>What is read: model {@code BPE} over the byte alphabet, with or without {@code ignore_merges};
 * merges as {@code "a b"} or {@code ["a", "b"]}; pre-tokenizer {@code ByteLevel}, or a {@code
 * Sequence} of {@code Split} (regular expression or string, isolated) and {@code Digits} that ends
 * with it; normalizer {@code NFC} or none; added tokens that do not strip or match whole words.
 * Anything else is refused by its name. The post-processor is not used: this class never adds
 * tokens that the caller did not ask for.
 *
 * <p>Java and the Rust library may know different versions of Unicode: letters assigned after
 * Unicode 15 can be cut differently.
 */
public final class ByteLevelTokenizer {

    /** How the end of a text is written in tokenizers that {@link BytePairTrainer} makes. */
    public static final String END_OF_TEXT = "<|end_of_text|>";

    /** How the beginning of a text is written in tokenizers that {@link BytePairTrainer} makes. */
    public static final String BEGIN_OF_TEXT = "<|begin_of_text|>";

    private static final int MAX_CACHED_WORDS = 1 << 16;
    private static final int MAX_CACHED_CHARACTERS = 64;

    private final Digest digest;
    private final Vocabulary vocabulary;
    private final MergeTable merges;
    private final PreTokenizer preTokenizer;
    private final boolean nfc;
    private final boolean ignoreMerges;
    private final AddedTokens addedWords;
    private final AddedTokens allAdded;
    private final OptionalInt endOfText;
    private final OptionalInt beginOfText;
    private final Map<String, int[]> cache = new ConcurrentHashMap<>();

    ByteLevelTokenizer(Digest digest, TokenizerParts parts) {
        this.digest = digest;
        this.vocabulary = parts.vocabulary();
        this.merges = parts.merges();
        this.preTokenizer = parts.preTokenizer();
        this.nfc = parts.nfc();
        this.ignoreMerges = parts.ignoreMerges();
        this.allAdded = new AddedTokens(parts.added());
        this.addedWords =
                new AddedTokens(parts.added().stream().filter(token -> !token.special()).toList());
        this.endOfText = parts.endOfText();
        this.beginOfText = parts.beginOfText();
    }

    /**
     * Reads a tokenizer.
     *
     * @param path a {@code tokenizer.json}, or a directory that holds one
     */
    public static ByteLevelTokenizer open(Path path) {
        return TokenizerFile.open(path);
    }

    /** Reads the bytes of a {@code tokenizer.json}. */
    public static ByteLevelTokenizer parse(byte[] tokenizerJson) {
        return TokenizerFile.parse(tokenizerJson, null);
    }

    /** The SHA-256 digest of the {@code tokenizer.json}. */
    public Digest digest() {
        return digest;
    }

    /** One more than the largest id: the rows that a model's embedding needs at least. */
    public int vocabSize() {
        return vocabulary.size();
    }

    /** The id of a token as it is written in {@code tokenizer.json}. */
    public OptionalInt id(String token) {
        return vocabulary.id(token);
    }

    /** The token that ends a document, if this tokenizer has one. */
    public OptionalInt endOfText() {
        return endOfText;
    }

    /** The token that begins a document, if this tokenizer has one. */
    public OptionalInt beginOfText() {
        return beginOfText;
    }

    /** The tokens outside the byte pairs, by id. */
    public List<SpecialToken> addedTokens() {
        return allAdded.tokens();
    }

    /**
     * The ids of {@code text}, which is nothing but text: no special token comes out of it,
     * whatever it says. This is the method for documents.
     */
    public int[] encode(String text) {
        return encode(text, addedWords);
    }

    /**
     * The ids of {@code text} in which special tokens may be written out: the method for prompts
     * and templates.
     */
    public int[] encodeWithSpecials(String text) {
        return encode(text, allAdded);
    }

    /** The text of {@code ids} without special tokens; a broken UTF-8 sequence becomes U+FFFD. */
    public String decode(int... ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(ids.length * 4);
        for (int id : ids) {
            bytes.writeBytes(bytes(id));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** The bytes that a token stands for; none for a special token. */
    public byte[] bytes(int id) {
        return vocabulary.bytes(id).clone();
    }

    private int[] encode(String text, AddedTokens added) {
        if (!Surrogates.paired(text)) {
            throw new CorpusException(
                    Code.TEXT_MALFORMED, "the text holds half a surrogate pair: it is no Unicode");
        }
        IntBuilder ids = new IntBuilder(text.length() / 2 + 8);
        try {
            int from = 0;
            while (from < text.length()) {
                AddedTokens.@Nullable Match match = added.find(text, from);
                int to = match == null ? text.length() : match.from();
                encodeWords(text.substring(from, to), ids);
                if (match == null) {
                    break;
                }
                ids.add(match.token().id());
                from = match.to();
            }
        } catch (StackOverflowError e) {
            throw new CorpusException(
                    Code.TOKENIZER_UNSUPPORTED, "the split pattern recurses too deeply", e);
        }
        return ids.toArray();
    }

    private void encodeWords(String text, IntBuilder ids) {
        words(text, word -> ids.add(word(word)));
    }

    /** The words that merges happen inside of, with this tokenizer's normalisation. */
    void words(String text, Consumer<String> action) {
        String normal = nfc ? Normalizer.normalize(text, Normalizer.Form.NFC) : text;
        preTokenizer.split(normal, action);
    }

    /** The ids of one such word. */
    int[] encodeWord(String word) {
        return word(word).clone();
    }

    private int[] word(String word) {
        int[] known = cache.get(word);
        if (known != null) {
            return known;
        }
        int[] ids = merged(word.getBytes(StandardCharsets.UTF_8));
        if (word.length() <= MAX_CACHED_CHARACTERS && cache.size() < MAX_CACHED_WORDS) {
            cache.put(word, ids);
        }
        return ids;
    }

    private int[] merged(byte[] bytes) {
        if (ignoreMerges) {
            OptionalInt whole = vocabulary.idOf(bytes);
            if (whole.isPresent()) {
                return new int[] {whole.getAsInt()};
            }
        }
        int[] ids = IntStream.range(0, bytes.length).map(i -> vocabulary.idOf(bytes[i])).toArray();
        return Arrays.copyOf(ids, merges.apply(ids, ids.length));
    }
}
