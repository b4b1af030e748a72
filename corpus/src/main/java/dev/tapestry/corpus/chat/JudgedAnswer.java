package dev.tapestry.corpus.chat;

/**
 * An answer that somebody called good or bad.
 *
 * @param prompt a conversation in which the user has the last word
 * @param answer to it
 * @param desirable whether it is good
 */
public record JudgedAnswer(Conversation prompt, String answer, boolean desirable) {

    public JudgedAnswer {
        PreferencePair.requirePrompt(prompt);
        PreferencePair.requireAnswer("answer", answer);
    }
}
