package dev.tapestry.corpus.chat;

/**
 * Two answers to one prompt, of which the first is preferred.
 *
 * @param prompt a conversation in which the user has the last word
 * @param chosen the better answer
 * @param rejected the worse one, another text
 */
public record PreferencePair(Conversation prompt, String chosen, String rejected) {

    public PreferencePair {
        requirePrompt(prompt);
        requireAnswer("chosen", chosen);
        requireAnswer("rejected", rejected);
        if (chosen.strip().equals(rejected.strip())) {
            throw new IllegalArgumentException(
                    "chosen and rejected are equal: nothing is preferred");
        }
    }

    static void requirePrompt(Conversation prompt) {
        if (prompt.isAnswered()) {
            throw new IllegalArgumentException("the prompt ends with an answer");
        }
    }

    static void requireAnswer(String side, String answer) {
        if (answer.isBlank()) {
            throw new IllegalArgumentException(side + " is empty");
        }
    }
}
