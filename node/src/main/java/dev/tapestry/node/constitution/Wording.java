package dev.tapestry.node.constitution;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/** What all parts of a constitution are held to. */
final class Wording {

    /** Of a term, in UTF-16 units. */
    static final int LONGEST_TERM = 200;

    private static final int LONGEST_TEXT = 4000;
    private static final int MOST_TERMS = 200_000;
    private static final int MOST_PATTERNS = 200;

    private Wording() {}

    static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(what);
        }
    }

    static void requireName(String key, String name) {
        require(
                name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}"),
                "%s: 1 to 64 letters, digits, dots, hyphens or underscores, not '%s'"
                        .formatted(key, name));
    }

    static void requireText(String key, String text) {
        require(
                !text.isBlank() && text.length() <= LONGEST_TEXT,
                "%s: a text of 1 to %d characters".formatted(key, LONGEST_TEXT));
    }

    /** Words by language, copied, in the languages' order. */
    static Optional<SequencedMap<String, List<String>>> copied(
            Optional<SequencedMap<String, List<String>>> words) {
        return words.map(all -> {
            TreeMap<String, List<String>> copy = new TreeMap<>();
            all.forEach((language, list) -> copy.put(language, List.copyOf(list)));
            return Collections.unmodifiableSequencedMap(copy);
        });
    }

    /** Words by language as one list. */
    static List<String> all(Optional<SequencedMap<String, List<String>>> words) {
        List<String> list = new ArrayList<>();
        words.ifPresent(map -> map.values().forEach(list::addAll));
        return list;
    }

    static void checkLanguages(String key, Iterable<String> used, List<String> known) {
        for (String language : used) {
            require(
                    known.contains(language),
                    "%s: '%s' is none of the languages %s".formatted(key, language, known));
        }
    }

    static void checkTerms(
            String key, Optional<SequencedMap<String, List<String>>> words, List<String> known) {
        if (words.isEmpty()) {
            return;
        }
        checkLanguages(key, words.orElseThrow().keySet(), known);
        List<String> all = all(words);
        require(all.size() <= MOST_TERMS, "%s: at most %d".formatted(key, MOST_TERMS));
        for (String term : all) {
            require(
                    term.length() <= LONGEST_TERM,
                    "%s: a term has at most %d characters, not '%s…'"
                            .formatted(
                                    key,
                                    LONGEST_TERM,
                                    term.substring(0, Math.min(40, term.length()))));
            require(
                    !Term.of(term).symbols().isEmpty(),
                    "%s: '%s' has nothing that could be found".formatted(key, term));
        }
    }

    static void checkPatterns(String key, Optional<List<String>> patterns) {
        List<String> all = patterns.orElse(List.of());
        require(all.size() <= MOST_PATTERNS, "%s: at most %d".formatted(key, MOST_PATTERNS));
        for (int i = 0; i < all.size(); i++) {
            try {
                PatternParser.parse(all.get(i));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "%s[%d] '%s': %s".formatted(key, i, all.get(i), e.getMessage()), e);
            }
        }
    }

    static void checkSay(String key, Optional<Map<String, String>> say, List<String> known) {
        say.ifPresent(words -> {
            checkLanguages(key + ".say", words.keySet(), known);
            words.values().forEach(text -> requireText(key + ".say", text));
        });
    }

    static void requireSay(String key, Optional<Map<String, String>> say, List<String> known) {
        require(
                say.isPresent() && say.orElseThrow().containsKey(known.getFirst()),
                "%s.say: the words that are said instead are missing in %s"
                        .formatted(key, known.getFirst()));
        checkSay(key, say, known);
    }
}
