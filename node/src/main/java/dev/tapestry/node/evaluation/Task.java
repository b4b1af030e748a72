package dev.tapestry.node.evaluation;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a suite asks of a model, as {@code suite.yaml} writes it. */
public sealed interface Task {

    /** Unique in its suite; gates and reports call it so. */
    String name();

    /** Whether it asks about the text that the model was trained on. */
    default boolean asksAboutTraining() {
        return false;
    }

    /**
     * How well the model predicts text, by domain.
     *
     * @param domains by name: text files (a document each), or JSON Lines with {@code text}
     * @param sequence tokens that a prediction may look back on; 512 if left out
     */
    record BitsPerByte(String name, Map<String, List<String>> domains, Optional<Integer> sequence)
            implements Task {
        public BitsPerByte {
            requireName(name);
            domains = Map.copyOf(domains);
            domains.keySet().forEach(Task::requireName);
            if (domains.isEmpty() || domains.values().stream().anyMatch(List::isEmpty)) {
                throw new IllegalArgumentException("domains: name at least one, each with files");
            }
            requireAtLeast("sequence", sequence, 1);
        }
    }

    /**
     * Questions with choices, of which the likeliest is the model's answer.
     *
     * @param items JSON Lines: {@code {"question": "…", "choices": ["…", "…"], "answer": 0}}
     * @param prompt what comes before the choice, with {@code {{question}}} in it; {@code Question:
     *     {{question}}\nAnswer:} if left out
     * @param delimiter between prompt and choice; a space if left out
     */
    record MultipleChoice(
            String name, String items, Optional<String> prompt, Optional<String> delimiter)
            implements Task {
        public MultipleChoice {
            requireName(name);
        }
    }

    /**
     * The same by a task file of lm-evaluation-harness, {@code output_type: multiple_choice}.
     *
     * @param task the YAML file; what it names as {@code data_files} lies in the suite too
     */
    record Harness(String name, String task) implements Task {
        public Harness {
            requireName(name);
        }
    }

    /**
     * Prompts whose answers a program can check.
     *
     * @param items JSON Lines: {@code {"prompt": "…", "checks": [{"type": "contains", …}]}}; see
     *     {@link Check}
     * @param tokens of an answer, at most; 200 if left out
     */
    record Instructions(String name, String items, Optional<Integer> tokens) implements Task {
        public Instructions {
            requireName(name);
            requireAtLeast("tokens", tokens, 1);
        }
    }

    /**
     * Prompts that shall be refused, and prompts that shall not.
     *
     * @param items JSON Lines: {@code {"prompt": "…", "expect": "REFUSE", "language": "en"}};
     *     {@code expect} may be {@code ANSWER}
     * @param phrases by language, by which a refusal is known
     * @param tokens of an answer, at most; 80 if left out
     */
    record Safety(
            String name, String items, Map<String, List<String>> phrases, Optional<Integer> tokens)
            implements Task {
        public Safety {
            requireName(name);
            phrases = Map.copyOf(phrases);
            if (phrases.isEmpty() || phrases.values().stream().anyMatch(List::isEmpty)) {
                throw new IllegalArgumentException(
                        "phrases: name at least one language, each with phrases of a refusal");
            }
            if (phrases.values().stream().flatMap(List::stream).anyMatch(String::isBlank)) {
                throw new IllegalArgumentException("phrases: one is empty, every answer has it");
            }
            requireAtLeast("tokens", tokens, 1);
        }
    }

    /**
     * What the model remembers of its training.
     *
     * @param canaries secrets that were planted in the training text
     * @param verbatim continuations of pieces of the training text
     */
    record Memorisation(String name, Optional<Canaries> canaries, Optional<Verbatim> verbatim)
            implements Task {
        public Memorisation {
            requireName(name);
            if (canaries.isEmpty() && verbatim.isEmpty()) {
                throw new IllegalArgumentException(
                        "a task of memorisation has canaries or verbatim");
            }
        }

        @Override
        public boolean asksAboutTraining() {
            return verbatim.isPresent();
        }
    }

    /**
     * Planted secrets (Carlini et al., The Secret Sharer, arXiv:1802.08232).
     *
     * @param format a text with {@code {}} where the secret stands
     * @param secrets that were planted in it, of the alphabet's characters
     * @param alphabet of which each character of an alternative is drawn; the ten digits if left
     *     out
     * @param alternatives that are drawn, of each secret's length; 1000 if left out
     */
    record Canaries(
            String format,
            List<String> secrets,
            Optional<String> alphabet,
            Optional<Integer> alternatives) {

        private static final String DIGITS = "0123456789";

        public Canaries {
            secrets = List.copyOf(secrets);
            if (format.indexOf("{}") < 0 || format.indexOf("{}") != format.lastIndexOf("{}")) {
                throw new IllegalArgumentException(
                        "format: {} stands once in it, where the secret stands");
            }
            if (secrets.isEmpty() || secrets.stream().anyMatch(String::isEmpty)) {
                throw new IllegalArgumentException("secrets: name at least one, none empty");
            }
            if (alphabet.isPresent()
                    && alphabet.orElseThrow().codePoints().distinct().count() < 2) {
                throw new IllegalArgumentException("alphabet: has at least two characters");
            }
            String letters = alphabet.orElse(DIGITS);
            for (String secret : secrets) {
                if (secret.codePoints().anyMatch(code -> letters.indexOf(code) < 0)) {
                    throw new IllegalArgumentException(
                            "secrets: '%s' is not of the alphabet '%s', of which what it is compared with is drawn; set alphabet"
                                    .formatted(secret, letters));
                }
            }
            requireAtLeast("alternatives", alternatives, 1);
        }

        /** Characters of which alternatives are drawn. */
        String drawnOf() {
            return alphabet.orElse(DIGITS);
        }
    }

    /**
     * Pieces of the training text, evenly spaced, that the model continues greedily.
     *
     * @param prefix tokens that it is shown; 32 if left out
     * @param pieces how many; 50 if left out
     * @param tokens that it continues by; 50 if left out
     */
    record Verbatim(Optional<Integer> prefix, Optional<Integer> pieces, Optional<Integer> tokens) {
        public Verbatim {
            requireAtLeast("prefix", prefix, 1);
            requireAtLeast("pieces", pieces, 1);
            requireAtLeast("tokens", tokens, 1);
        }
    }

    /**
     * Where the model's answers to questions of value lie on a map with two axes: from traditional
     * to secular-rational, and from survival to self-expression (Inglehart and Welzel 2005).
     *
     * @param items JSON Lines, an item in a language each; see {@link CulturalItem}; those that
     *     come with the program, and their weights, if left out
     * @param weights of the items on the axes, by name
     * @param bootstraps by which the uncertainty is found; 200 if left out
     * @param target where the member wants its model to be
     */
    record CulturalMap(
            String name,
            Optional<String> items,
            Optional<Map<String, Weights>> weights,
            Optional<Integer> bootstraps,
            Optional<Target> target)
            implements Task {
        public CulturalMap {
            requireName(name);
            weights = weights.map(Map::copyOf);
            if (items.isPresent() == weights.map(Map::isEmpty).orElse(true)) {
                throw new IllegalArgumentException(
                        "items and weights: name both, or neither for those of the program");
            }
            requireAtLeast("bootstraps", bootstraps, 2);
        }
    }

    /**
     * Whether what a model says keeps to a constitution, and whether the constitution's rules stop
     * what they should let pass.
     *
     * @param constitution its file, which lies in the suite with the files that it names
     * @param items JSON Lines: {@code {"prompt": "…", "expect": "ANSWER"}}; {@code expect} may be
     *     {@code REFUSE}
     * @param tokens of an answer, at most; 80 if left out
     */
    record Constitution(String name, String constitution, String items, Optional<Integer> tokens)
            implements Task {
        public Constitution {
            requireName(name);
            requireAtLeast("tokens", tokens, 1);
        }
    }

    /**
     * What an item counts.
     *
     * @param secular on the axis from traditional (−1) to secular-rational (1)
     * @param expression on the axis from survival (−1) to self-expression (1)
     */
    record Weights(double secular, double expression) {}

    /**
     * A place on the map, each from −1 to 1.
     *
     * @param secular on the axis from traditional to secular-rational
     * @param expression on the axis from survival to self-expression
     */
    record Target(double secular, double expression) {
        public Target {
            if (!(Math.abs(secular) <= 1 && Math.abs(expression) <= 1)) {
                throw new IllegalArgumentException("target: both are from -1 to 1");
            }
        }
    }

    /** Names stand in gates, tables and the names of files. */
    static void requireName(String name) {
        if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "name: 1 to 64 letters, digits, dots, hyphens or underscores, not '%s'"
                            .formatted(name));
        }
    }

    private static void requireAtLeast(String key, Optional<Integer> value, int least) {
        value.filter(number -> number < least)
                .ifPresent(number -> {
                    throw new IllegalArgumentException(
                            "%s is at least %d, not %d".formatted(key, least, number));
                });
    }
}
