package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.CorpusFiles;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TextFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A source whose card has permitted what it is to be used for.
 *
 * @param index its place in the plan
 * @param card what its member declared
 * @param format how documents stand in its files
 * @param files its files
 * @param language of its documents
 */
record OpenSource(
        int index,
        Source source,
        DatasetCard card,
        TextFormat format,
        CorpusFiles files,
        String language) {

    /** Asks the cards of all sources, and only then looks for the files of any. */
    static List<OpenSource> open(List<Source> sources, Set<PermittedUse> purposes) {
        List<DatasetCard> cards = new ArrayList<>();
        for (Source source : sources) {
            if (!Files.isDirectory(source.path())) {
                throw new CorpusException(
                        Code.CARD_MISSING,
                        "source '%s': there is no directory %s"
                                .formatted(source.name(), source.path()));
            }
            DatasetCard card = DatasetCard.read(source.path());
            purposes.stream().sorted().forEach(card::require);
            cards.add(card);
        }
        List<OpenSource> open = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            Source source = sources.get(i);
            DatasetCard card = cards.get(i);
            TextFormat format = source.format().orElse(card.textFormat());
            open.add(
                    new OpenSource(
                            i,
                            source,
                            card,
                            format,
                            CorpusFiles.of(source.path(), card, format),
                            source.language().orElse(card.language())));
        }
        return List.copyOf(open);
    }

    /** The bytes of all its files. */
    long bytes() {
        long bytes = 0;
        for (String name : files.names()) {
            Path path = files.checked(name);
            try {
                bytes += Files.size(path);
            } catch (IOException e) {
                throw new CorpusException(Code.IO, "cannot read " + path + ": " + e, e);
            }
        }
        return bytes;
    }
}
