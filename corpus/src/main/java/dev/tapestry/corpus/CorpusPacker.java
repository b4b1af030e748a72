package dev.tapestry.corpus;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Turns a corpus directory into token shards: {@code train.tokens} and {@code held-out.tokens}.
 *
 * @param tokenizer gives the ids; must know the end of a text
 * @param split says which documents are held out
 */
public record CorpusPacker(ByteLevelTokenizer tokenizer, HeldOutSplit split) {

    /**
     * Packs every document of {@code corpus}. Neither shard appears before both are whole and on
     * the disk, and the held-out shard appears last: where it is, the other is too. Holding text
     * out needs the permission {@code evaluation} on the card.
     *
     * @param directory where the shards go; made when it is missing
     */
    public PackedCorpus pack(CorpusReader corpus, Path directory) {
        if (split.fraction() > 0) {
            corpus.card().require(PermittedUse.EVALUATION);
        }
        makeDirectory(directory);
        Digest card = corpus.card().digest();
        try (TokenShardWriter train =
                        TokenShardWriter.create(
                                PackedCorpus.trainFile(directory), tokenizer, card);
                TokenShardWriter heldOut =
                        TokenShardWriter.create(
                                PackedCorpus.heldOutFile(directory), tokenizer, card)) {
            corpus.forEach(
                    document -> (split.holdsOut(document) ? heldOut : train).add(document.text()));
            checkSides(corpus, train.documents(), heldOut.documents());
            train.seal();
            heldOut.seal();
            return new PackedCorpus(train.publish(), heldOut.publish());
        }
    }

    private void checkSides(CorpusReader corpus, long train, long heldOut) {
        if ((train == 0 && split.fraction() < 1) || (heldOut == 0 && split.fraction() > 0)) {
            throw new CorpusException(
                    Code.NOTHING_TO_READ,
                    ("with a held-out fraction of %s, '%s' has %d documents to train on and %d held"
                                    + " out; add text or change the fraction")
                            .formatted(split.fraction(), corpus.card().name(), train, heldOut));
        }
    }

    private static void makeDirectory(Path directory) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot make " + directory + ": " + e, e);
        }
    }
}
