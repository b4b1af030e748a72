package dev.tapestry.trust.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StrictYamlTest {

    private static final String GOOD = "host: here\nport: 84\nnames: [a, b]\nlimit: {most: 2}\n";

    @TempDir Path directory;

    record Settings(String host, int port, List<String> names, Limit limit) {}

    record Limit(int most) {}

    @Test
    void a_file_with_all_keys_is_the_record() throws IOException {
        assertThat(read("# a comment\n" + GOOD))
                .isEqualTo(new Settings("here", 84, List.of("a", "b"), new Limit(2)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "port: 84 | port: 84.7 | port: a whole number",
                "port: 84 | port: \"84\" | port: a whole number",
                "port: 84 | 'port: ' | port: a whole number",
                "port: 84 | 'port: 84, 85' | port: a whole number",
                "host: here | host: 7 | host: a string is expected",
                "host: here | hots: here | the keys are [host, port, names, limit]",
                "'{most: 2}' | '{most: 2, least: 1}' | unknown key 'least'; the keys are [most]",
                "'{most: 2}' | '{}' | the key 'limit.most' is missing; the keys are [most]",
                "names: [a, b] | names: a | names: an array is expected",
                "port: 84 | 'port: [' | is not YAML",
            })
    void another_kind_of_value_or_key_is_refused_with_its_key(
            String good, String bad, String reason) {
        assertThat(GOOD).contains(good);
        refused(GOOD.replace(good, bad), reason);
    }

    @Test
    void whatever_is_no_single_list_of_keys_is_refused() {
        refused("", "the keys are [host, port, names, limit]");
        refused("- a\n", "the keys are");
        refused(GOOD + "port: 85\n", "port");
        refused(GOOD + "more: 1\n", "unknown key 'more'");
        refused(GOOD + "---\n" + GOOD, "is not YAML");
        refused(GOOD + "#".repeat(StrictYaml.MAX_BYTES), "more than 1048576 bytes");
        assertThatThrownBy(() -> StrictYaml.read(directory.resolve("none.yaml"), Settings.class))
                .isInstanceOfSatisfying(
                        TrustException.class, e -> assertThat(e.code()).isEqualTo(Code.STORAGE))
                .hasMessageContaining("there is no file");
    }

    private void refused(String text, String reason) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.DOCUMENT_MALFORMED))
                .hasMessageContaining("settings.yaml")
                .hasMessageContaining(reason);
    }

    private Settings read(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("settings.yaml"), text);
        return StrictYaml.read(file, Settings.class);
    }
}
