package dev.tapestry.node.preferences;

import dev.tapestry.corpus.chat.Conversation;
import java.util.OptionalInt;

/** Says how good an answer is by the principles of a constitution. */
@FunctionalInterface
public interface Judge {

    /**
     * From 0, against the principles, to 10, as they ask.
     *
     * @return none where the judge said something else than a number
     */
    OptionalInt score(Conversation prompt, String answer);

    /** Nobody is asked. */
    static Judge nobody() {
        return (_, _) -> OptionalInt.empty();
    }
}
