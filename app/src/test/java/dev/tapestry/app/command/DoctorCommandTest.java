package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class DoctorCommandTest {

    @TempDir Path directory;

    @Test
    void a_machine_without_a_node_is_examined() {
        Said said = Said.by("doctor");
        assertThat(said.code()).isZero();
        assertThat(said.out())
                .contains("JDK", "memory", "disk", "libtorch computes")
                .doesNotContain("BROKEN");
    }

    @Test
    void as_json_it_is_one_line_of_findings() {
        Said said = Said.by("doctor", "--json");
        assertThat(said.code()).isZero();
        assertThat(said.out()).hasLineCount(1);
        assertThat(subjects(said, "")).containsExactly("JDK", "memory", "disk", "engine");
    }

    @Test
    void a_directory_that_is_no_node_ends_with_3_and_says_what_to_do() {
        Said said = Said.by("doctor", directory);
        assertThat(said.code()).isEqualTo(3);
        assertThat(said.out()).contains("BROKEN  identity", "→ join with the steward's token");
        Said json = Said.by("doctor", directory, "--json");
        assertThat(json.code()).isEqualTo(3);
        assertThat(subjects(json, "BROKEN")).containsExactly("node.yaml", "identity");
    }

    /** What was looked at, of one severity or, with an empty one, of all. */
    private static List<String> subjects(Said said, String severity) {
        List<String> subjects = new ArrayList<>();
        for (JsonNode finding : JsonMapper.builder().build().readTree(said.out())) {
            if (severity.isEmpty() || finding.path("severity").asString().equals(severity)) {
                subjects.add(finding.path("subject").asString());
            }
        }
        return subjects;
    }
}
