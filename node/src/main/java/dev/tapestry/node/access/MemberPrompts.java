package dev.tapestry.node.access;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.chat.ChatReader;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.ReadLines;
import dev.tapestry.node.NodeException;
import java.nio.file.Path;
import java.util.List;

/** Questions of the member that a model is to answer. */
public final class MemberPrompts {

    private MemberPrompts() {}

    /**
     * What was read.
     *
     * @param prompts in which the user has the last word
     * @param refused lines that were skipped
     */
    public record Prompts(List<Conversation> prompts, int refused) {
        public Prompts {
            prompts = List.copyOf(prompts);
        }
    }

    /**
     * Reads JSON Lines with prompts.
     *
     * @throws NodeException {@code POLICY}: too many lines cannot be used, or there is none; {@code
     *     STORAGE}
     */
    public static Prompts read(Path file) {
        try {
            ReadLines<Conversation> lines = ChatReader.USUAL.prompts(file);
            return new Prompts(lines.values(), lines.refused().size());
        } catch (CorpusException e) {
            throw MemberCorpus.unusable(e);
        }
    }
}
