package dev.tapestry.node.access;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusPacker;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/**
 * The member's own text. Nothing of it is opened before the card has permitted the purpose, and
 * nothing but tokens comes out.
 *
 * <p>Packed shards are kept under the digest of tokenizer, card, split, and the files' names, sizes
 * and times, so that whatever changes is packed anew; the pack of what it was before is deleted.
 */
public final class MemberCorpus {

    /** A model's tokenizer. */
    static final String TOKENIZER = "tokenizer.json";

    private final TokenPacks packs;
    private final Path directory;
    private final HeldOutSplit split;

    /** The corpus that a node's settings name. */
    public MemberCorpus(NodeHome home, NodeConfig config) {
        this(
                new TokenPacks(home),
                config.corpus(),
                new HeldOutSplit(config.holdOutFraction(), config.holdOutSalt()));
    }

    private MemberCorpus(TokenPacks packs, Path directory, HeldOutSplit split) {
        this.packs = packs;
        this.directory = directory;
        this.split = split;
    }

    /**
     * Another text of the member.
     *
     * @param directory with its card
     * @param holdOut the share of documents that is held out
     * @param packs where its tokens are kept, and no other text's; need not exist
     */
    public static MemberCorpus of(Path directory, double holdOut, Path packs) {
        return new MemberCorpus(
                new TokenPacks(packs, List.of()), directory, new HeldOutSplit(holdOut));
    }

    /**
     * What the member declared about its text.
     *
     * @throws CorpusException {@code CARD_MISSING}, {@code CARD_INVALID}
     */
    public DatasetCard card() {
        return DatasetCard.read(directory);
    }

    /**
     * The card of any text of the member.
     *
     * @throws NodeException {@code POLICY} if there is none; {@code STORAGE}
     */
    public static DatasetCard card(Path directory) {
        try {
            return DatasetCard.read(directory);
        } catch (CorpusException e) {
            throw unusable(e);
        }
    }

    /**
     * Asks the card whether the text may be used so.
     *
     * @throws NodeException {@code POLICY}, with what the card says; {@code STORAGE} if the disk
     *     does not give it
     */
    public DatasetCard require(PermittedUse... purposes) {
        try {
            DatasetCard card = card();
            for (PermittedUse purpose : purposes) {
                card.require(purpose);
            }
            return card;
        } catch (CorpusException e) {
            throw unusable(e);
        }
    }

    /**
     * Whether there is text beside the card. At a gateway there may be none: the card says what may
     * be done with a text that lies elsewhere.
     *
     * @throws NodeException as {@link #require} does
     */
    public boolean isHere(PermittedUse purpose) {
        require(purpose);
        try {
            return !CorpusReader.open(directory, purpose).files().isEmpty();
        } catch (CorpusException e) {
            if (e.code() == CorpusException.Code.NOTHING_TO_READ) {
                return false;
            }
            throw unusable(e);
        }
    }

    /**
     * How many documents a predicate holds for.
     *
     * @throws NodeException {@code POLICY} if the card does not permit to read it so; {@code
     *     STORAGE}
     */
    public long count(PermittedUse purpose, Predicate<String> predicate) {
        try {
            long[] count = {0};
            CorpusReader.open(directory, purpose)
                    .forEach(document -> {
                        if (predicate.test(document.text())) {
                            count[0]++;
                        }
                    });
            return count[0];
        } catch (CorpusException e) {
            throw unusable(e);
        }
    }

    /**
     * The text as tokens of a model's tokenizer, to train for {@code purpose}; packed now unless it
     * was before.
     *
     * @param model a model directory with {@code tokenizer.json}
     * @throws NodeException {@code POLICY}; {@code WRONG_MODEL} if the model's tokenizer cannot be
     *     used; {@code STORAGE} if the disk is full, or cannot be read
     */
    public OpenText open(Path model, PermittedUse purpose) {
        DatasetCard card = require(purpose, PermittedUse.EVALUATION);
        ByteLevelTokenizer tokenizer = tokenizer(model);
        try {
            CorpusReader text = CorpusReader.open(directory, purpose);
            Path packed = packs.pack(name(tokenizer.digest(), card.digest(), text.files()));
            if (!TokenPacks.whole(packed)) {
                new CorpusPacker(tokenizer, split).pack(text, packed);
                packs.dropOlderThan(packed);
            }
            return open(packed, card);
        } catch (CorpusException e) {
            throw unusable(e);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot tidy " + packs.folder() + ": " + e, e);
        }
    }

    /** A disk that says no is no policy: the next round would not go better. */
    static NodeException unusable(CorpusException e) {
        Code code = e.code() == CorpusException.Code.IO ? Code.STORAGE : Code.POLICY;
        return new NodeException(code, e.code() + ": " + e.getMessage(), e);
    }

    private static OpenText open(Path packed, DatasetCard card) {
        TokenShard train = TokenShard.open(PackedCorpus.trainFile(packed));
        try {
            TokenShard heldOut = TokenShard.open(PackedCorpus.heldOutFile(packed));
            return new OpenText(packed, card, train, heldOut);
        } catch (RuntimeException e) {
            train.close();
            throw e;
        }
    }

    private static ByteLevelTokenizer tokenizer(Path model) {
        try {
            return ByteLevelTokenizer.open(model.resolve(TOKENIZER));
        } catch (CorpusException e) {
            throw new NodeException(
                    Code.WRONG_MODEL,
                    "the tokenizer of model " + model.getFileName() + ": " + e.getMessage(),
                    e);
        }
    }

    /** Another tokenizer, card, split or text is another pack. */
    private String name(Digest tokenizer, Digest card, List<String> files) {
        StringBuilder parts = new StringBuilder();
        parts.append(tokenizer).append(card).append(split.fraction()).append(split.salt());
        try {
            for (String file : files) {
                Path path = directory.resolve(file);
                parts.append('\n').append(file).append(' ').append(Files.size(path));
                parts.append(' ').append(Files.getLastModifiedTime(path).toMillis());
            }
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read the corpus: " + e, e);
        }
        return Digest.of(parts.toString().getBytes(StandardCharsets.UTF_8)).hex().substring(0, 16);
    }
}
