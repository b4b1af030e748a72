package dev.tapestry.corpus.preparation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The words that every text of a language has many of. Immutable and thread-safe. */
final class StopWords {

    private static final int WORDS = 25;

    private final Map<String, Set<Long>> byLanguage;

    private StopWords(Map<String, Set<Long>> byLanguage) {
        this.byLanguage = byLanguage;
    }

    /** The most frequent words of each text; of none in a script without spaces. */
    static StopWords of(Map<String, String> texts) {
        Map<String, Set<Long>> byLanguage = new HashMap<>();
        texts.forEach((language, text) -> {
            Words words = Words.of(text);
            // Where words are not separated, or are short by themselves, none are frequent ones.
            if (text.length() > 4 * words.count()) {
                byLanguage.put(language, mostFrequent(words));
            }
        });
        return new StopWords(Map.copyOf(byLanguage));
    }

    /** Whether a text has fewer different ones; never of a language that is not known. */
    boolean areFewer(int least, String language, Words words) {
        Set<Long> known = byLanguage.get(Languages.primary(language));
        if (known == null) {
            return false;
        }
        Set<Long> seen = new HashSet<>();
        for (int i = 0; i < words.count(); i++) {
            if (known.contains(words.hash(i)) && seen.add(words.hash(i)) && seen.size() >= least) {
                return false;
            }
        }
        return true;
    }

    private static Set<Long> mostFrequent(Words words) {
        Map<Long, Integer> counts = new HashMap<>();
        for (int i = 0; i < words.count(); i++) {
            counts.merge(words.hash(i), 1, Integer::sum);
        }
        List<Map.Entry<Long, Integer>> sorted = new ArrayList<>(counts.entrySet());
        sorted.sort(
                Map.Entry.<Long, Integer>comparingByValue()
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey()));
        Set<Long> most = new HashSet<>();
        sorted.stream().limit(WORDS).forEach(entry -> most.add(entry.getKey()));
        return Set.copyOf(most);
    }
}
