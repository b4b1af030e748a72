package dev.tapestry.corpus.chat;

import java.util.ArrayList;
import java.util.List;

/**
 * Turns of one conversation: perhaps a message of {@code system}, then {@code user} and {@code
 * assistant} in turn, the user first.
 *
 * @param messages at least one of the user
 */
public record Conversation(List<Message> messages) {

    public Conversation {
        messages = List.copyOf(messages);
        int first = !messages.isEmpty() && messages.getFirst().role() == Role.SYSTEM ? 1 : 0;
        if (messages.size() == first) {
            throw new IllegalArgumentException("a conversation has a message of the user");
        }
        for (int i = first; i < messages.size(); i++) {
            Role due = (i - first) % 2 == 0 ? Role.USER : Role.ASSISTANT;
            if (messages.get(i).role() != due) {
                throw new IllegalArgumentException(
                        "message %d is of %s where %s is due: user and assistant take turns"
                                .formatted(i + 1, messages.get(i).role().text(), due.text()));
            }
        }
    }

    /** A question of the user and nothing else. */
    public static Conversation asking(String question) {
        return new Conversation(List.of(new Message(Role.USER, question)));
    }

    /** The same with an answer; to be called where the user has the last word. */
    public Conversation answered(String answer) {
        List<Message> longer = new ArrayList<>(messages);
        longer.add(new Message(Role.ASSISTANT, answer));
        return new Conversation(longer);
    }

    /** Whether the assistant has the last word. */
    public boolean isAnswered() {
        return messages.getLast().role() == Role.ASSISTANT;
    }
}
