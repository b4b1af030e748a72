package dev.tapestry.app.study;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.CorpusPacker;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.PermittedUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Several members' corpora, packed with one tokenizer. */
public final class PackedCorpora {

    private PackedCorpora() {}

    /**
     * Packs the corpora in the folders of {@code corpora}, each named after its member; what is
     * there already is kept.
     *
     * @param heldOut the share of each that is only scored
     * @param work where shards of token ids go
     */
    public static SortedMap<MemberId, Path> in(
            Path corpora, Path tokenizer, double heldOut, Path work) throws IOException {
        ByteLevelTokenizer ids = ByteLevelTokenizer.open(tokenizer);
        CorpusPacker packer = new CorpusPacker(ids, new HeldOutSplit(heldOut));
        SortedMap<MemberId, Path> packed = new TreeMap<>();
        try (Stream<Path> folders = Files.list(corpora)) {
            for (Path corpus : folders.filter(Files::isDirectory).sorted().toList()) {
                MemberId member = new MemberId(corpus.getFileName().toString());
                Path tokens =
                        work.resolve("tokens")
                                .resolve(ids.digest().abbreviated())
                                .resolve(member.value());
                if (!Files.exists(PackedCorpus.heldOutFile(tokens))) {
                    CorpusReader text = CorpusReader.open(corpus, PermittedUse.CONTRIBUTED_CPT);
                    text.card().require(PermittedUse.EVALUATION);
                    packer.pack(text, tokens);
                }
                packed.put(member, tokens);
            }
        }
        return packed;
    }
}
