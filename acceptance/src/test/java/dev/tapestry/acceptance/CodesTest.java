package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.tapestry.consortium.Coded;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The codes that people and programs meet stand in {@code docs/codes.md}, room by room. */
final class CodesTest {

    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\| \\S");

    @Test
    void every_code_of_every_room_is_explained_and_no_other_is() throws IOException {
        TreeMap<String, Set<String>> written = new TreeMap<>();
        String document = Files.readString(docs().resolve("codes.md"));
        for (String section : document.split("\n## ", -1)) {
            if (section.contains("\n| code |")) {
                written.put(section.lines().findFirst().orElseThrow(), rows(section));
            }
        }
        TreeMap<String, Set<String>> defined = new TreeMap<>();
        new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("dev.tapestry")
                        .stream()
                        .filter(type -> type.isAssignableTo(Coded.class) && !type.isInterface())
                        .filter(type -> !room(type).equals("app"))
                        .forEach(type -> defined.put(room(type), codes(type)));
        assertThat(defined).hasSize(8);
        assertThat(written).isEqualTo(defined);
    }

    @Test
    void what_is_said_of_codes_leads_to_them() throws IOException {
        for (String document : Set.of("protocol.md", "threat-model.md")) {
            assertThat(Files.readString(docs().resolve(document))).contains("(codes.md)");
        }
    }

    private static Path docs() {
        return Path.of("").toAbsolutePath().resolveSibling("docs");
    }

    private static Set<String> rows(String section) {
        return ROW.matcher(section)
                .results()
                .map((MatchResult row) -> row.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The package below {@code dev.tapestry}. */
    private static String room(JavaClass type) {
        return type.getPackageName().split("\\.", -1)[2];
    }

    private static Set<String> codes(JavaClass type) {
        try {
            return Arrays.stream(
                            type.reflect().getMethod("code").getReturnType().getEnumConstants())
                    .map(code -> ((Enum<?>) code).name())
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
    }
}
