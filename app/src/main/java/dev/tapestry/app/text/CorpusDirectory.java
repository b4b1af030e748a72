package dev.tapestry.app.text;

import dev.tapestry.corpus.DatasetCard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/** Writes a data set: {@code text.jsonl} beside the card that it needs. */
public final class CorpusDirectory {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private CorpusDirectory() {}

    /**
     * Writes the data set unless it is there already.
     *
     * @param lines records; each becomes an object with the record's components in their order
     */
    public static void write(Path directory, DatasetCard card, List<? extends Record> lines) {
        if (Files.exists(directory.resolve(DatasetCard.FILE_NAME))) {
            return;
        }
        lines(directory.resolve("text.jsonl"), lines);
        // The card comes last: a data set with a card is a whole one.
        card.write(directory);
    }

    /** Writes JSON Lines, one for each record. */
    public static void lines(Path file, List<? extends Record> lines) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            try (Writer out = Files.newBufferedWriter(file)) {
                for (Record line : lines) {
                    out.write(JSON.writeValueAsString(line));
                    out.write('\n');
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
