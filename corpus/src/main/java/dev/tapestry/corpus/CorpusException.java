package dev.tapestry.corpus;

import dev.tapestry.consortium.Coded;

/**
 * A corpus, a card, a tokenizer or a token shard that cannot be used, with the reason as a code.
 */
public final class CorpusException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    /** Why the corpus room refused. */
    public enum Code {
        /** There is no {@code card.yaml} in the corpus directory. */
        CARD_MISSING,
        /** The card is not YAML, lacks a key, has an unknown one or a value outside its range. */
        CARD_INVALID,
        /** The card does not permit what the text was asked for. */
        USE_NOT_PERMITTED,
        /** A file is a symbolic link, not a regular file, or lies outside the corpus directory. */
        PATH_REFUSED,
        /** A text file is not UTF-8, or a line of it is not the JSON object that the card says. */
        TEXT_MALFORMED,
        /** A document is longer than the limit. */
        DOCUMENT_TOO_LARGE,
        /** The corpus, or one side of its split, holds no document. */
        NOTHING_TO_READ,
        /** A {@code tokenizer.json} contradicts itself or is not JSON. */
        TOKENIZER_INVALID,
        /**
         * A {@code tokenizer.json} uses a component that {@link ByteLevelTokenizer} does not have.
         */
        TOKENIZER_UNSUPPORTED,
        /** A token shard is truncated, corrupt or of an unknown version. */
        SHARD_INVALID,
        /** A plan for preparing text is not YAML, or has a key or a value that it cannot have. */
        PLAN_INVALID,
        /** Something else stands where the prepared text should go. */
        TARGET_EXISTS,
        /** Another process prepares the same target. */
        IN_USE,
        /** It was asked to end before it had; nothing of it is left, and it can begin again. */
        STOPPED,
        /** The disk said no. */
        IO
    }

    private final Code code;

    /**
     * A refusal.
     *
     * @param message what was refused, with which value, and what to do about it
     */
    public CorpusException(Code code, String message) {
        super(message);
        this.code = code;
    }

    /** A refusal that was caused by another exception. */
    public CorpusException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** The reason, for programs. */
    @Override
    public Code code() {
        return code;
    }
}
