package dev.tapestry.app.text;

import dev.tapestry.corpus.DatasetCard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** Writes documents as a corpus: {@code text.jsonl} beside the card that it needs. */
public final class CorpusDirectory {

    private CorpusDirectory() {}

    /** Writes the corpus unless it is there already. */
    public static void write(Path directory, DatasetCard card, List<GroupedText> documents) {
        if (Files.exists(directory.resolve(DatasetCard.FILE_NAME))) {
            return;
        }
        JsonMapper json = JsonMapper.builder().build();
        try {
            Files.createDirectories(directory);
            try (Writer out = Files.newBufferedWriter(directory.resolve("text.jsonl"))) {
                for (GroupedText document : documents) {
                    out.write(
                            json.writeValueAsString(
                                    Map.of("group", document.group(), "text", document.text())));
                    out.write('\n');
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // The card comes last: a corpus with a card is a whole one.
        card.write(directory);
    }
}
