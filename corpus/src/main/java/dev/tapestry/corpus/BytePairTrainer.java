package dev.tapestry.corpus;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Learns a byte-level byte pair encoding (Sennrich et al. 2016): again and again the most frequent
 * pair of neighbouring tokens inside a word becomes a token. Text is cut into words by Llama 3's
 * pattern. The result depends on the text alone: of equally frequent pairs the one with the smaller
 * ids is merged first. Not thread-safe.
 *
 * <p>The ids: 0 to 255 the bytes in the order of their stand-ins, then the merged tokens in the
 * order in which they were learned, then {@code <|begin_of_text|>} and {@code <|end_of_text|>}.
 */
public final class BytePairTrainer {

    private static final int SPECIAL_TOKENS = 2;
    private static final int MIN_VOCABULARY = 256 + SPECIAL_TOKENS;
    private static final int MAX_VOCABULARY = 1 << 20;

    /** A longer run without a break is counted in pieces: nothing repeats at such lengths. */
    private static final int MAX_WORD_CHARACTERS = 128;

    private static final long MIN_COUNT = 2;

    private final int vocabSize;
    private final PreTokenizer preTokenizer = PreTokenizer.llama3();
    private final Map<String, Long> words = new HashMap<>();

    /**
     * A trainer for a vocabulary of a size.
     *
     * @param vocabSize 258 to 1,048,576, special tokens included; less comes out when the text has
     *     too few pairs that occur twice
     */
    public BytePairTrainer(int vocabSize) {
        if (vocabSize < MIN_VOCABULARY || vocabSize > MAX_VOCABULARY) {
            throw new IllegalArgumentException(
                    "a vocabulary has %d to %d tokens, not %d"
                            .formatted(MIN_VOCABULARY, MAX_VOCABULARY, vocabSize));
        }
        this.vocabSize = vocabSize;
    }

    /** Counts the words of a document. */
    public void add(String text) {
        preTokenizer.split(text, this::count);
    }

    /** Learns from the text that was added. */
    public TrainedTokenizer train() {
        List<String> tokens =
                new ArrayList<>(
                        IntStream.range(0, 256)
                                .map(ByteAlphabet::character)
                                .sorted()
                                .mapToObj(Character::toString)
                                .toList());
        Map<String, Integer> ids = new HashMap<>();
        tokens.forEach(token -> ids.put(token, ids.size()));
        PairCounts pairs = new PairCounts();
        words.forEach((word, count) -> pairs.add(symbols(word, ids), count));
        List<TrainedTokenizer.Merge> merges = new ArrayList<>();
        while (tokens.size() < vocabSize - SPECIAL_TOKENS) {
            PairCounts.Candidate best = pairs.mostFrequent();
            if (best == null || best.count() < MIN_COUNT) {
                break;
            }
            String left = tokens.get(best.left());
            String right = tokens.get(best.right());
            // Two pairs can spell the same token; it keeps the id it has.
            int merged = ids.computeIfAbsent(left + right, _ -> tokens.size());
            if (merged == tokens.size()) {
                tokens.add(left + right);
            }
            merges.add(new TrainedTokenizer.Merge(left, right));
            pairs.merge(best.left(), best.right(), merged);
        }
        return new TrainedTokenizer(tokens, merges);
    }

    private void count(String word) {
        int from = 0;
        while (from < word.length()) {
            int to = Math.min(word.length(), from + MAX_WORD_CHARACTERS);
            if (to < word.length() && Character.isHighSurrogate(word.charAt(to - 1))) {
                to--;
            }
            words.merge(word.substring(from, to), 1L, Long::sum);
            from = to;
        }
    }

    private static int[] symbols(String word, Map<String, Integer> ids) {
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        int[] symbols = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            String token = Character.toString(ByteAlphabet.character(bytes[i] & 0xff));
            symbols[i] = ids.getOrDefault(token, 0);
        }
        return symbols;
    }
}
