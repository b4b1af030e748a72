package dev.tapestry.node.access;

import dev.tapestry.corpus.TokenShard;
import dev.tapestry.training.Tokens;

/** A packed corpus, mapped into memory until it is closed. */
public final class OpenText implements AutoCloseable {

    private final String pack;
    private final TokenShard train;
    private final TokenShard heldOut;

    OpenText(String pack, TokenShard train, TokenShard heldOut) {
        this.pack = pack;
        this.train = train;
        this.heldOut = heldOut;
    }

    /** Another tokenizer, card, split or text has another name. */
    public String pack() {
        return pack;
    }

    /** What may be trained on. */
    public Tokens train() {
        return Tokens.of(train);
    }

    /** What is only ever scored. */
    public Tokens heldOut() {
        return Tokens.of(heldOut);
    }

    @Override
    public void close() {
        train.close();
        heldOut.close();
    }
}
