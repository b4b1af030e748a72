package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tries the language filter on text whose language is known: each line of JSON has the text ({@code
 * text}), the language that its source says it is in ({@code source}) and the one it is in ({@code
 * language}).
 */
public final class LanguageTrial {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private LanguageTrial() {}

    /**
     * A source's texts.
     *
     * @param language that the source says
     * @param texts of the source
     * @param foreign those in another language
     * @param precision of the texts that were kept, the share in the source's language
     * @param recall of the texts in the source's language, the share that was kept
     * @param foreignDropped of the texts in another language, the share that was dropped
     */
    public record Row(
            String language,
            int texts,
            int foreign,
            double precision,
            double recall,
            double foreignDropped) {}

    /**
     * The trial's result.
     *
     * @param rows by language
     * @param megabytesPerSecond of text in UTF-8, on one thread
     */
    public record Report(List<Row> rows, double megabytesPerSecond) {}

    private static final class Count {
        private int texts;
        private int own;
        private int kept;
        private int ownKept;
    }

    /** Runs the filter of the default steps over a file. */
    public static Report run(Path file) {
        LanguageFilter filter =
                new LanguageFilter(
                        Languages.of(Declaration.byLanguage()),
                        Steps.standard().language().orElseThrow());
        Map<String, Count> counts = new TreeMap<>();
        long bytes = 0;
        long nanos = 0;
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode object = JSON.readTree(line);
                String source = object.path("source").asString("");
                String language = object.path("language").asString("");
                Draft draft = new Draft(object.path("text").asString(""), Optional.empty(), source);
                long before = System.nanoTime();
                boolean kept = filter.apply(draft) instanceof Outcome.Kept;
                nanos += System.nanoTime() - before;
                bytes += draft.bytes();
                Count count = counts.computeIfAbsent(source, _ -> new Count());
                boolean own = Languages.same(source, language);
                count.texts++;
                count.own += own ? 1 : 0;
                count.kept += kept ? 1 : 0;
                count.ownKept += own && kept ? 1 : 0;
            }
        } catch (IOException | JacksonException e) {
            throw new CorpusException(Code.IO, "cannot read " + file + ": " + e, e);
        }
        List<Row> rows = new ArrayList<>();
        counts.forEach((language, count) -> rows.add(row(language, count)));
        return new Report(List.copyOf(rows), bytes * 1e3 / Math.max(1, nanos));
    }

    private static Row row(String language, Count count) {
        int foreign = count.texts - count.own;
        return new Row(
                language,
                count.texts,
                foreign,
                share(count.ownKept, count.kept),
                share(count.ownKept, count.own),
                share(foreign - (count.kept - count.ownKept), foreign));
    }

    private static double share(int some, int all) {
        return all == 0 ? 1 : (double) some / all;
    }
}
