package dev.tapestry.node.access;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.training.Tokens;
import java.io.IOException;
import java.nio.file.Path;

/** A packed corpus, mapped into memory until it is closed. */
public final class OpenText implements AutoCloseable {

    private final Path packed;
    private final DatasetCard card;
    private final TokenShard train;
    private final TokenShard heldOut;

    OpenText(Path packed, DatasetCard card, TokenShard train, TokenShard heldOut) {
        this.packed = packed;
        this.card = card;
        this.train = train;
        this.heldOut = heldOut;
    }

    /** Another tokenizer, card, split or text has another name. */
    public String pack() {
        return packed.getFileName().toString();
    }

    /** Digest of the card under which it was opened. */
    public Digest card() {
        return card.digest();
    }

    /** Digest of the tokens that may be trained on. */
    public Digest trainDigest() {
        return train.digest();
    }

    /** Digest of the tokens that are only ever scored. */
    public Digest heldOutDigest() {
        return heldOut.digest();
    }

    /** What may be trained on. */
    public Tokens train() {
        return Tokens.of(train);
    }

    /**
     * Gives a trainer of the member's own what may be trained on, read-only: {@code train.tokens}
     * and {@code card.yaml}.
     */
    public void giveTraining(Path directory) throws IOException {
        SharedFile.give(PackedCorpus.trainFile(packed), directory.resolve(PackedCorpus.TRAIN_FILE));
        card.write(directory);
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
