package dev.tapestry.corpus.chat;

/**
 * What one side says in a turn.
 *
 * @param role who
 * @param content the text, not blank
 */
public record Message(Role role, String content) {

    public Message {
        if (content.isBlank()) {
            throw new IllegalArgumentException("a message of " + role.text() + " is empty");
        }
    }
}
