package dev.tapestry.corpus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How often each pair of neighbouring tokens occurs in the counted words, kept up to date while
 * pairs are merged. A merge touches only the words that hold its pair.
 *
 * <p>The queue is corrected lazily: a count that fell since it was queued is queued again when it
 * comes up; a count that rose is queued at once. So the first whose count is still true is the most
 * frequent.
 */
final class PairCounts {

    private final List<Word> words = new ArrayList<>();
    private final Map<Long, Pair> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> queue =
            new PriorityQueue<>(
                    Comparator.comparingLong(Candidate::count)
                            .reversed()
                            .thenComparingInt(Candidate::left)
                            .thenComparingInt(Candidate::right));
    private boolean queued;

    /** A pair with the count it had when it was queued. */
    record Candidate(long count, int left, int right) {}

    private static final class Word {
        private int[] symbols;
        private final long count;

        Word(int[] symbols, long count) {
            this.symbols = symbols;
            this.count = count;
        }
    }

    private static final class Pair {
        private long count;
        private final IntBuilder words = new IntBuilder(4);

        /** Remembers a word; the same word may be remembered again later, which costs only time. */
        void occursIn(int word) {
            if (words.size() == 0 || words.get(words.size() - 1) != word) {
                words.add(word);
            }
        }
    }

    void add(int[] symbols, long count) {
        int index = words.size();
        words.add(new Word(symbols, count));
        for (int i = 0; i + 1 < symbols.length; i++) {
            Pair pair = pairs.computeIfAbsent(key(symbols[i], symbols[i + 1]), _ -> new Pair());
            pair.count += count;
            pair.occursIn(index);
        }
    }

    /** The most frequent pair, of equally frequent ones that with the smaller ids; or null. */
    @Nullable Candidate mostFrequent() {
        if (!queued) {
            pairs.keySet().forEach(this::enqueue);
            queued = true;
        }
        while (true) {
            Candidate candidate = queue.poll();
            if (candidate == null) {
                return null;
            }
            long key = key(candidate.left(), candidate.right());
            Pair pair = pairs.get(key);
            if (pair == null || pair.count == 0) {
                continue;
            }
            if (pair.count == candidate.count()) {
                return candidate;
            }
            enqueue(key);
        }
    }

    /** Replaces every occurrence of a pair, from left to right in each word. */
    void merge(int left, int right, int merged) {
        Pair pair = pairs.remove(key(left, right));
        if (pair == null) {
            return;
        }
        Set<Long> risen = new HashSet<>();
        for (int index : pair.words.toArray()) {
            Word word = words.get(index);
            int[] replaced = replaced(word.symbols, left, right, merged);
            if (replaced.length == word.symbols.length) {
                continue;
            }
            count(word.symbols, -word.count);
            word.symbols = replaced;
            for (int i = 0; i + 1 < replaced.length; i++) {
                long key = key(replaced[i], replaced[i + 1]);
                Pair changed = pairs.computeIfAbsent(key, _ -> new Pair());
                changed.count += word.count;
                if (replaced[i] == merged || replaced[i + 1] == merged) {
                    changed.occursIn(index);
                    risen.add(key);
                }
            }
        }
        risen.forEach(this::enqueue);
    }

    private void count(int[] symbols, long change) {
        for (int i = 0; i + 1 < symbols.length; i++) {
            Pair pair = pairs.get(key(symbols[i], symbols[i + 1]));
            if (pair != null) {
                pair.count += change;
            }
        }
    }

    private void enqueue(long key) {
        Pair pair = pairs.get(key);
        if (pair != null && pair.count > 0) {
            queue.add(new Candidate(pair.count, (int) (key >>> 32), (int) key));
        }
    }

    private static int[] replaced(int[] symbols, int left, int right, int merged) {
        IntBuilder replaced = new IntBuilder(symbols.length);
        for (int i = 0; i < symbols.length; i++) {
            if (symbols[i] == left && i + 1 < symbols.length && symbols[i + 1] == right) {
                replaced.add(merged);
                i++;
            } else {
                replaced.add(symbols[i]);
            }
        }
        return replaced.toArray();
    }

    private static long key(int left, int right) {
        return ((long) left << 32) | right;
    }
}
