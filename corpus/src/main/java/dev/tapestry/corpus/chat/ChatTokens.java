package dev.tapestry.corpus.chat;

import java.util.Arrays;
import java.util.BitSet;

/**
 * A conversation as token ids, and which of them shall be learnt: those of answers and the ends of
 * their turns. Immutable.
 */
public final class ChatTokens {

    private final int[] ids;
    private final BitSet learnt;

    ChatTokens(int[] ids, BitSet learnt) {
        this.ids = ids;
        this.learnt = learnt;
    }

    /** An answer after its prompt: all of the answer shall be learnt. */
    public static ChatTokens answer(int[] prompt, int[] answer) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, ids, prompt.length, answer.length);
        BitSet learnt = new BitSet();
        learnt.set(prompt.length, ids.length);
        return new ChatTokens(ids, learnt);
    }

    /** A text of which all but the first id shall be learnt. */
    public static ChatTokens text(int[] ids) {
        return answer(
                Arrays.copyOf(ids, Math.min(1, ids.length)),
                Arrays.copyOfRange(ids, Math.min(1, ids.length), ids.length));
    }

    /** All ids. */
    public int[] ids() {
        return ids.clone();
    }

    /** How many ids there are. */
    public int length() {
        return ids.length;
    }

    /** Whether the loss of predicting id {@code index} from those before it counts. */
    public boolean learns(int index) {
        return learnt.get(index);
    }

    /** How many ids shall be learnt. */
    public int learnt() {
        return learnt.cardinality();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChatTokens tokens
                && Arrays.equals(ids, tokens.ids)
                && learnt.equals(tokens.learnt);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + learnt.hashCode();
    }

    @Override
    public String toString() {
        return "%d tokens, %d of them to be learnt".formatted(length(), learnt());
    }
}
