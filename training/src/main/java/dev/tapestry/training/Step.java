package dev.tapestry.training;

import java.util.List;

/** What becomes of a {@link Continuation}, one after the other; the last is an {@link Ended}. */
public sealed interface Step {

    /**
     * A token has come.
     *
     * @param chosen which, and how likely it was: NaN where nobody asked
     * @param alternatives the likeliest at this place, the likeliest first
     */
    record Token(LikelyToken chosen, List<LikelyToken> alternatives) implements Step {
        public Token {
            alternatives = List.copyOf(alternatives);
        }
    }

    /**
     * No more comes.
     *
     * @param reason why
     * @param detail what went wrong, where something did
     */
    record Ended(Reason reason, String detail) implements Step {}

    /** Why a text ends. */
    enum Reason {
        /** One of its ends came. */
        END_TOKEN,
        /** It has as many tokens as were asked for, or as the model has positions. */
        LENGTH,
        /** Whoever asked went away. */
        CANCELLED,
        /** The engine is being closed. */
        CLOSING,
        /** The engine failed. */
        FAILED
    }
}
