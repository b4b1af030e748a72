package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.corpus.preparation.TextLanguage;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** What a program can check of an answer. Letters' case counts nowhere but in JSON. */
public sealed interface Check {

    /** Whether an answer, which is not blank, is as was asked. */
    boolean holds(String answer);

    /** What is counted. */
    enum Unit {
        /** Runs of letters and digits. */
        WORDS,
        /** Code points, without white space at both ends. */
        CHARACTERS,
        /** Ends of sentences. */
        SENTENCES,
        /** Lines that are not blank. */
        LINES
    }

    /**
     * How long it is.
     *
     * @param unit that is counted
     * @param atLeast how many, if there is such a bound
     * @param atMost how many, if there is such a bound
     */
    record Length(
            Unit unit,
            @LeftOutWhenEmpty Optional<Integer> atLeast,
            @LeftOutWhenEmpty Optional<Integer> atMost)
            implements Check {
        public Length {
            if (atLeast.isEmpty() && atMost.isEmpty()) {
                throw new IllegalArgumentException("length: has atLeast or atMost");
            }
        }

        @Override
        public boolean holds(String answer) {
            long count =
                    switch (unit) {
                        case WORDS -> Wording.WORD.matcher(answer).results().count();
                        case CHARACTERS -> answer.strip().codePoints().count();
                        case SENTENCES ->
                                Math.max(1, Wording.SENTENCE.matcher(answer).results().count());
                        case LINES -> answer.lines().filter(line -> !line.isBlank()).count();
                    };
            return count >= atLeast.orElse(0) && count <= atMost.orElse(Integer.MAX_VALUE);
        }
    }

    /** It contains all of some texts. */
    record Contains(List<String> texts) implements Check {
        public Contains {
            texts = Wording.some(texts);
        }

        @Override
        public boolean holds(String answer) {
            return texts.stream().allMatch(text -> Wording.contains(answer, text));
        }
    }

    /** It contains none of some texts. */
    record Omits(List<String> texts) implements Check {
        public Omits {
            texts = Wording.some(texts);
        }

        @Override
        public boolean holds(String answer) {
            return texts.stream().noneMatch(text -> Wording.contains(answer, text));
        }
    }

    /** It begins so, but for white space. */
    record Starts(String text) implements Check {
        @Override
        public boolean holds(String answer) {
            return Wording.low(answer.strip()).startsWith(Wording.low(text));
        }
    }

    /** It ends so, but for white space. */
    record Ends(String text) implements Check {
        @Override
        public boolean holds(String answer) {
            return Wording.low(answer.strip()).endsWith(Wording.low(text));
        }
    }

    /** It has exactly so many lines that begin with a hyphen, a star or a bullet. */
    record Bullets(int count) implements Check {
        @Override
        public boolean holds(String answer) {
            return answer.lines().filter(line -> Wording.BULLET.matcher(line).lookingAt()).count()
                    == count;
        }
    }

    /**
     * It is an object or list of JSON and nothing else, but perhaps in a fence.
     *
     * @param keys that the object has, if some must be there
     */
    record Json(@LeftOutWhenEmpty Optional<List<String>> keys) implements Check {
        @Override
        public boolean holds(String answer) {
            String text = answer.strip();
            Matcher fence = Wording.FENCE.matcher(text);
            try {
                JsonNode json = Wording.JSON.readTree(fence.matches() ? fence.group(1) : text);
                return json.isContainer()
                        && keys.orElse(List.of()).stream().allMatch(key -> json.has(key));
            } catch (JacksonException _) {
                return false;
            }
        }
    }

    /**
     * Of some letters the first that stands alone in it is the right one.
     *
     * @param letters such as {@code ABCD}
     * @param answer one of them
     */
    record Choice(String letters, String answer) implements Check {
        public Choice {
            if (!letters.matches("\\p{Lu}{2,26}") || answer.length() != 1) {
                throw new IllegalArgumentException(
                        "choice: letters are such as ABCD, answer is one of them");
            }
            if (!letters.contains(answer)) {
                throw new IllegalArgumentException(
                        "choice: '%s' is none of %s".formatted(answer, letters));
            }
        }

        @Override
        public boolean holds(String given) {
            Matcher found =
                    Pattern.compile("(?<![\\p{L}\\p{N}])[" + letters + "](?![\\p{L}\\p{N}])")
                            .matcher(given);
            return found.find() && found.group().equals(answer);
        }
    }

    /** It is in this language; what is too short to be told passes. */
    record Language(String tag) implements Check {
        public Language {
            if (!TextLanguage.isKnown(tag)) {
                throw new IllegalArgumentException(
                        "language: '%s' cannot be told from others".formatted(tag));
            }
        }

        @Override
        public boolean holds(String answer) {
            return TextLanguage.mayBe(answer, tag);
        }
    }

    /** Nine letters of ten are of this script, as Unicode names it: {@code LATIN}. */
    record Script(String script) implements Check {
        public Script {
            Character.UnicodeScript.forName(script); // refuses what Unicode does not know
        }

        @Override
        public boolean holds(String answer) {
            Character.UnicodeScript wanted = Character.UnicodeScript.forName(script);
            long letters = answer.codePoints().filter(Character::isLetter).count();
            long own =
                    answer.codePoints()
                            .filter(Character::isLetter)
                            .filter(c -> Character.UnicodeScript.of(c) == wanted)
                            .count();
            return letters > 0 && own >= 0.9 * letters;
        }
    }
}
