package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.corpus.chat.Conversation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * Conversations as tokens, on the heap: four bytes for each.
 *
 * @param texts those that are short enough
 * @param tooLong how many were left out
 */
public record EncodedChats(List<ChatTokens> texts, int tooLong) {

    public EncodedChats {
        texts = List.copyOf(texts);
    }

    /**
     * Encodes conversations, each with an answer.
     *
     * @param sequenceLength of the plan that they are for: a conversation of more than one token
     *     more is left out
     */
    public static EncodedChats of(
            List<Conversation> conversations,
            ChatTemplate template,
            ByteLevelTokenizer tokenizer,
            int sequenceLength) {
        List<ChatTokens> texts = new ArrayList<>();
        for (Conversation conversation : conversations) {
            ChatTokens tokens = template.encode(conversation, tokenizer);
            if (tokens.length() <= sequenceLength + 1) {
                texts.add(tokens);
            }
        }
        return new EncodedChats(texts, conversations.size() - texts.size());
    }

    /**
     * Predictions that an epoch makes, of what is learnt and of what is not: the schedule's tokens.
     */
    public long tokens() {
        return texts.stream().mapToLong(text -> text.length() - 1).sum();
    }

    /** Of all ids and of what shall be learnt of them. */
    public Digest digest() {
        MessageDigest digest = Digest.sha256();
        texts.forEach(text -> add(text, digest));
        return Digest.ofHash(digest.digest());
    }

    static void add(ChatTokens text, MessageDigest digest) {
        int[] ids = text.ids();
        ByteBuffer bytes = ByteBuffer.allocate(4 + 5 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(ids.length);
        for (int i = 0; i < ids.length; i++) {
            bytes.putInt(ids[i]).put((byte) (text.learns(i) ? 1 : 0));
        }
        digest.update(bytes.flip());
    }
}
