package dev.tapestry.app.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes documents as a member's corpus: {@code text.jsonl} beside the {@code card.yaml} it needs.
 */
public final class CorpusDirectory {

    private CorpusDirectory() {}

    /** Writes the corpus unless it is there already; {@code card} is the dataset card in YAML. */
    public static void write(Path directory, String card, List<Document> documents) {
        Path text = directory.resolve("text.jsonl");
        if (Files.exists(directory.resolve("card.yaml"))) {
            return;
        }
        JsonMapper json = JsonMapper.builder().build();
        try {
            Files.createDirectories(directory);
            try (Writer out = Files.newBufferedWriter(text)) {
                for (Document document : documents) {
                    out.write(
                            json.writeValueAsString(
                                    Map.of("group", document.group(), "text", document.text())));
                    out.write('\n');
                }
            }
            // The card comes last: a corpus with a card is a whole one.
            Files.writeString(directory.resolve("card.yaml"), card);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
