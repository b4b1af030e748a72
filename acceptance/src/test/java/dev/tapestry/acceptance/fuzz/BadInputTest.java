package dev.tapestry.acceptance.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.tapestry.consortium.protocol.Wait;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Bad files with a story, and that good ones are still read. */
class BadInputTest {

    @TempDir static Path folder;

    @Test
    void every_reader_stands_in_the_threat_model() throws IOException {
        String document =
                Files.readString(
                        Path.of("").toAbsolutePath().resolveSibling("docs/threat-model.md"));
        for (ForeignReader reader : ForeignReaders.all()) {
            assertThat(document).contains("`" + reader.name() + "`");
        }
    }

    @Test
    void every_document_of_the_protocol_has_a_reader_that_is_attacked() {
        Set<Class<?>> read = new HashSet<>();
        DocumentReaders.contract().forEach(type -> reach(type, read));
        List<Class<?>> documents =
                new ClassFileImporter()
                        .importPackages("dev.tapestry.consortium.protocol").stream()
                                .<Class<?>>map(JavaClass::reflect)
                                .filter(Class::isRecord)
                                .filter(type -> type != Wait.class) // told, and read by nobody
                                .toList();
        assertThat(documents).hasSizeGreaterThan(20);
        assertThat(read).containsAll(documents);
    }

    /** A record, and the records that it is made of. */
    private static void reach(Type type, Set<Class<?>> reached) {
        switch (type) {
            case Class<?> plain when plain.isRecord() && reached.add(plain) -> {
                for (RecordComponent component : plain.getRecordComponents()) {
                    reach(component.getGenericType(), reached);
                }
            }
            case ParameterizedType of -> {
                for (Type argument : of.getActualTypeArguments()) {
                    reach(argument, reached);
                }
            }
            default -> {}
        }
    }

    @TestFactory
    Stream<DynamicTest> what_is_good_is_read() {
        return ForeignReaders.all().stream()
                .map(reader -> DynamicTest.dynamicTest(reader.name(), () -> isRead(reader)));
    }

    private static void isRead(ForeignReader reader) throws IOException {
        Path scratch = Files.createDirectories(folder.resolve("good").resolve(reader.name()));
        for (byte[] seed : reader.seeds().in(scratch)) {
            assertThat(reader.attempt(seed, scratch))
                    .isIn("READ", "SIGNATURE_MISSING", "CERTIFICATE_REFUSED");
        }
    }

    @TestFactory
    Stream<DynamicTest> what_is_bad_is_refused_with_its_code() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Attack attack : Attack.all()) {
            ForeignReader reader = ForeignReaders.named(attack.reader());
            tests.add(
                    DynamicTest.dynamicTest(
                            attack.reader() + ": " + attack.name(),
                            () ->
                                    assertThat(reader.attempt(attack.bytes(), scratch(reader)))
                                            .isEqualTo(attack.code())));
        }
        return tests.stream();
    }

    private static Path scratch(ForeignReader reader) throws IOException {
        return Files.createDirectories(folder.resolve("bad").resolve(reader.name()));
    }
}
