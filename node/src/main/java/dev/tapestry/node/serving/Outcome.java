package dev.tapestry.node.serving;

import dev.tapestry.node.serving.Piece.Usage;
import java.util.List;

/**
 * How an answer ended.
 *
 * @param finish {@code stop}, {@code length} or {@code content_filter}, in OpenAI's words
 * @param rule that ended it, or empty
 * @param acted rules that left something out
 * @param usage tokens
 */
record Outcome(String finish, String rule, List<String> acted, Usage usage) {

    static final String FILTERED = "content_filter";

    Outcome {
        acted = List.copyOf(acted);
    }
}
