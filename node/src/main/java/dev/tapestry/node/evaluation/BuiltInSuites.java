package dev.tapestry.node.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Suites that come with the program, by name. */
final class BuiltInSuites {

    /** What there is. */
    static final List<String> NAMES = List.of("cultural-map");

    private static final List<String> FILES = List.of("suite.yaml", "items.jsonl");

    private BuiltInSuites() {}

    /** The files of one of them. */
    static SuiteFiles open(String name) {
        SortedMap<String, byte[]> contents = new TreeMap<>();
        for (String file : FILES) {
            String resource = "suites/" + name + "/" + file;
            try (InputStream in = BuiltInSuites.class.getResourceAsStream(resource)) {
                if (in == null) {
                    throw new IllegalStateException("the program comes without " + resource);
                }
                contents.put(file, in.readAllBytes());
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + resource, e);
            }
        }
        return new SuiteFiles(Path.of(name), contents);
    }
}
