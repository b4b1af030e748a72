package dev.tapestry.node.access;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.training.Tokens;
import java.nio.file.Files;
import java.nio.file.Path;

/** Text that a model was trained on, to find out what it remembers of it. */
public final class TrainedText implements AutoCloseable {

    private static final double HOLD_OUT = 0.05;

    private final Tokens tokens;
    private final Digest digest;
    private final AutoCloseable open;

    private TrainedText(Tokens tokens, Digest digest, AutoCloseable open) {
        this.tokens = tokens;
        this.digest = digest;
        this.open = open;
    }

    /**
     * Opens a text.
     *
     * @param place a token shard, or a corpus whose card permits evaluation
     * @param model whose tokenizer the tokens are of
     * @param packs where the tokens of a corpus are kept
     * @throws NodeException {@code POLICY}; {@code WRONG_MODEL}: the shard is of another tokenizer;
     *     {@code STORAGE}
     */
    public static TrainedText open(Path place, Path model, Path packs) {
        if (Files.isDirectory(place)) {
            OpenText text =
                    MemberCorpus.of(place, HOLD_OUT, packs).open(model, PermittedUse.EVALUATION);
            return new TrainedText(text.train(), text.trainDigest(), text);
        }
        try {
            if (!TokenShard.tokenizerOf(place).equals(ByteLevelTokenizer.open(model).digest())) {
                throw new NodeException(
                        Code.WRONG_MODEL,
                        "%s is of another tokenizer than %s; name the text that this model was trained on"
                                .formatted(place, model));
            }
            TokenShard shard = TokenShard.open(place);
            return new TrainedText(Tokens.of(shard), shard.digest(), shard);
        } catch (CorpusException e) {
            throw MemberCorpus.unusable(e);
        }
    }

    /** What it was trained on. */
    public Tokens tokens() {
        return tokens;
    }

    /** Of the tokens. */
    public Digest digest() {
        return digest;
    }

    @Override
    public void close() {
        try {
            open.close();
        } catch (Exception e) {
            throw new NodeException(Code.STORAGE, "cannot close the training text: " + e, e);
        }
    }
}
