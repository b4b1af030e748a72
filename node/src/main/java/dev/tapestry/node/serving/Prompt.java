package dev.tapestry.node.serving;

import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.Message;
import java.util.List;

/** What a model is asked. */
sealed interface Prompt {

    /** Turns whose last is the user's. */
    record Chat(Conversation conversation) implements Prompt {}

    /** A text to be continued. */
    record Text(String text) implements Prompt {}

    /** The texts in it. */
    default List<String> texts() {
        return switch (this) {
            case Chat(Conversation conversation) ->
                    conversation.messages().stream().map(Message::content).toList();
            case Text(String text) -> List.of(text);
        };
    }

    /** Characters of all texts. */
    default int characters() {
        return texts().stream().mapToInt(String::length).sum();
    }
}
