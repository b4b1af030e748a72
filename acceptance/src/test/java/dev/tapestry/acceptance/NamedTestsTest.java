package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A page that says which test shows what is only worth something as long as those tests exist. */
final class NamedTestsTest {

    /** {@code room/…/ClassTest.method}, or {@code .method} of the class before. */
    private static final Pattern NAMED =
            Pattern.compile("`(?:([a-z]+)/…/(\\w+))?\\.([a-z]\\w*_\\w+|[a-z]+)`");

    @Test
    void every_test_that_is_named_for_what_does_not_happen_here_exists() throws IOException {
        Path home = Path.of("").toAbsolutePath().resolveSibling("docs").resolveSibling(".");
        String page = Files.readString(home.resolve("docs/guide/what-does-not-happen.md"));
        List<String> missing = new ArrayList<>();
        int found = 0;
        String source = "";
        for (Matcher named = NAMED.matcher(page); named.find(); ) {
            String type = named.group(2);
            if (type != null && !type.endsWith("Test")) {
                continue;
            }
            if (type != null) {
                source = source(home.resolve(named.group(1)), type);
            }
            if (Pattern.compile("void\\s+" + named.group(3) + "\\(").matcher(source).find()) {
                found++;
            } else {
                missing.add(named.group());
            }
        }
        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThan(50);
    }

    private static String source(Path room, String type) throws IOException {
        try (Stream<Path> files = Files.walk(room.resolve("src/test/java"))) {
            return Files.readString(
                    files.filter(file -> file.endsWith(type + ".java"))
                            .findFirst()
                            .orElse(Path.of("/dev/null")));
        }
    }
}
