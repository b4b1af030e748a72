package dev.tapestry.node.preferences;

import dev.tapestry.corpus.chat.Conversation;
import java.util.List;

/** Where answers come from. */
@FunctionalInterface
public interface Answers {

    /**
     * Several answers to one prompt.
     *
     * @param number of the prompt, from 0: with the seed it decides what is drawn
     * @return none if the prompt is too long
     */
    List<String> to(Conversation prompt, int number);
}
