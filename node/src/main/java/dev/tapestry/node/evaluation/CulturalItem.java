package dev.tapestry.node.evaluation;

import java.util.List;

/**
 * A question of value in a language: a line of a cultural map's items.
 *
 * @param item what it is about; the same in all languages
 * @param language its tag
 * @param introduction what a prompt ends with, before the answer: {@code Answer:} in the language
 * @param wordings ways to ask the same, at least one
 * @param options what can be answered, two to ten
 */
record CulturalItem(
        String item,
        String language,
        String introduction,
        List<String> wordings,
        List<Option> options) {

    /**
     * What can be answered.
     *
     * @param score from −1 to 1 on the axes that the item counts on
     */
    record Option(String text, double score) {}

    private static final int MOST_OPTIONS = 10;

    CulturalItem {
        wordings = List.copyOf(wordings);
        options = List.copyOf(options);
        Task.requireName(item);
        if (wordings.isEmpty() || wordings.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("item '%s' has no wordings".formatted(item));
        }
        if (options.size() < 2 || options.size() > MOST_OPTIONS) {
            throw new IllegalArgumentException(
                    "item '%s' has %d options; 2 to %d can be put in order"
                            .formatted(item, options.size(), MOST_OPTIONS));
        }
        if (options.stream().anyMatch(o -> !(Math.abs(o.score()) <= 1) || o.text().isBlank())) {
            throw new IllegalArgumentException(
                    "item '%s': an option has a text, and a score from -1 to 1".formatted(item));
        }
    }

    /** How many orders the options are put in: each stands in each place once. */
    int orders() {
        return options.size();
    }

    /** Which option stands in a place in an order. */
    Option at(int order, int place) {
        return options.get((place + order) % options.size());
    }

    /** The letter of a place. */
    static String letter(int place) {
        return String.valueOf((char) ('A' + place));
    }

    /** The question with its options in an order. */
    String prompt(String wording, int order) {
        StringBuilder prompt = new StringBuilder(wording).append('\n');
        for (int place = 0; place < options.size(); place++) {
            prompt.append(letter(place)).append(". ").append(at(order, place).text()).append('\n');
        }
        return prompt.append(introduction).toString();
    }
}
