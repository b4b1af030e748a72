package dev.tapestry.corpus;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Reads the documents of a corpus directory for one purpose. The card is read and asked first; no
 * text file is opened that it does not permit. Immutable and thread-safe.
 */
public final class CorpusReader {

    /** A document longer than this is refused unless another limit is given: 16 MiB. */
    public static final int DEFAULT_MAX_DOCUMENT_BYTES = 16 << 20;

    private final CorpusFiles files;
    private final DatasetCard card;
    private final int maxDocumentBytes;

    private CorpusReader(CorpusFiles files, DatasetCard card, int maxDocumentBytes) {
        this.files = files;
        this.card = card;
        this.maxDocumentBytes = maxDocumentBytes;
    }

    /** Opens a corpus for {@code purpose}, after asking its card. */
    public static CorpusReader open(Path directory, PermittedUse purpose) {
        return open(directory, purpose, DEFAULT_MAX_DOCUMENT_BYTES);
    }

    /**
     * Opens a corpus for {@code purpose}, after asking its card.
     *
     * @param maxDocumentBytes a longer document is refused with {@code DOCUMENT_TOO_LARGE}
     */
    public static CorpusReader open(Path directory, PermittedUse purpose, int maxDocumentBytes) {
        if (!Files.isDirectory(directory)) {
            throw new CorpusException(Code.CARD_MISSING, "there is no directory " + directory);
        }
        DatasetCard card = DatasetCard.read(directory);
        card.require(purpose);
        return new CorpusReader(CorpusFiles.of(directory, card), card, maxDocumentBytes);
    }

    /** What the member declared about this text. */
    public DatasetCard card() {
        return card;
    }

    /** The text files in the order in which they are read, relative to the corpus directory. */
    public List<String> files() {
        return files.names();
    }

    /** Gives every document to {@code action}: files by name, documents as they stand in them. */
    public void forEach(Consumer<? super Document> action) {
        for (String name : files.names()) {
            Path path = files.checked(name);
            try (InputStream in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
                DocumentParser parser = new DocumentParser(name, maxDocumentBytes);
                parser.parse(in, card.textFormat(), action);
            } catch (IOException e) {
                throw new CorpusException(Code.IO, "cannot read " + path + ": " + e, e);
            }
        }
    }
}
