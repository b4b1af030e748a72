package dev.tapestry.acceptance.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
