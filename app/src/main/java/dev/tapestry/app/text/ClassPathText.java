package dev.tapestry.app.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.jar.JarFile;

/** Files of the jars that this program is made of. */
final class ClassPathText {

    private ClassPathText() {}

    /** A file that may not be missing. */
    static InputStream open(String resource) {
        InputStream in = ClassPathText.class.getResourceAsStream(resource);
        if (in == null) {
            throw missing(resource);
        }
        return in;
    }

    /**
     * Files of the jar in which {@code one} of them lies, by name.
     *
     * @param wanted by the whole name, such as {@code org/apache/lucene/index/Term.java}
     */
    static SortedMap<String, String> besides(String one, Predicate<String> wanted) {
        URL place = ClassPathText.class.getResource(one);
        if (place == null) {
            throw missing(one);
        }
        SortedMap<String, String> texts = new TreeMap<>();
        try {
            if (!(place.openConnection() instanceof JarURLConnection connection)) {
                throw new IllegalStateException(one + " does not lie in a jar");
            }
            connection.setUseCaches(false);
            try (JarFile jar = connection.getJarFile()) {
                for (var entry :
                        jar.stream().filter(file -> wanted.test(file.getName())).toList()) {
                    try (InputStream in = jar.getInputStream(entry)) {
                        texts.put(
                                entry.getName(),
                                new String(in.readAllBytes(), StandardCharsets.UTF_8));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return texts;
    }

    private static IllegalStateException missing(String resource) {
        return new IllegalStateException(
                resource + " is missing from the class path: build with Maven");
    }
}
