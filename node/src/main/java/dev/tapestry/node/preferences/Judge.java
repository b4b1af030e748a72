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

    /** Whether somebody is asked. */
    default boolean isThere() {
        return true;
    }

    /** Nobody is asked. */
    static Judge nobody() {
        return new Judge() {
            @Override
            public OptionalInt score(Conversation prompt, String answer) {
                return OptionalInt.empty();
            }

            @Override
            public boolean isThere() {
                return false;
            }
        };
    }
}
