package dev.tapestry.app.command;

import dev.tapestry.corpus.CorpusPacker;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.TextLoss;
import dev.tapestry.training.Tokens;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Scores a model on a corpus whose card permits {@code evaluation}.
 *
 * @param split which documents are scored: the held-out ones
 * @param evaluation how
 */
record ModelScore(HeldOutSplit split, Evaluation evaluation) {

    /** The loss; token shards lie in a temporary directory meanwhile. */
    TextLoss of(Path model, Path corpus) {
        CorpusReader text = CorpusReader.open(corpus, PermittedUse.EVALUATION);
        try (Signals _ = Signals.halting();
                OpenModel open = OpenModel.load(model)) {
            Path packed = Files.createTempDirectory("tapestry-score-");
            try {
                new CorpusPacker(open.tokenizer(), split).pack(text, packed);
                try (TokenShard heldOut = TokenShard.open(PackedCorpus.heldOutFile(packed))) {
                    return evaluation.of(open.llama(), Tokens.of(heldOut));
                }
            } finally {
                Drafts.delete(packed);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot use the temporary directory", e);
        }
    }
}
