package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Processes, disks, files and lines fail in the middle of a run, and nothing comes of it. What
 * takes long runs with {@code -Dtapestry.chaos=true}.
 */
@Timeout(900)
final class ChaosTest {

    @TempDir Path directory;

    private JsonNode report(Object... words) throws InterruptedException, IOException {
        Path json = directory.resolve("chaos.json");
        List<Object> all = new ArrayList<>(List.of("chaos", "--members", 2, "--steps", 4));
        all.addAll(List.of(words));
        all.addAll(List.of("--dir", directory.resolve("work"), "--json", json));
        try (Program chaos = Program.start(directory.resolve("chaos.out"), all.toArray())) {
            assertThat(chaos.process().waitFor(14, TimeUnit.MINUTES)).as(chaos.printed()).isTrue();
            assertThat(chaos.process().exitValue()).as(chaos.printed()).isZero();
            return JsonMapper.shared().readTree(Files.readString(json));
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "tapestry.chaos", matches = "true")
    void a_coordinator_that_is_killed_at_each_moment_of_a_round_changes_no_base()
            throws InterruptedException, IOException {
        JsonNode report = report("--victim", "coordinator", "--random", 1, "--seed", 3);
        assertThat(report.path("same").asBoolean()).isTrue();
        assertThat(report.path("lost").size()).isZero();
        assertThat(report.path("trials").size())
                .as("most moments are long enough to be seen: %s", report.path("missed"))
                .isGreaterThan(5);
    }

    @Test
    void a_storm_of_kills_cuts_and_damage_loses_nothing_and_gives_the_same_bases()
            throws InterruptedException, IOException {
        JsonNode report = report("--seed", 3, "--minutes", 2);
        assertThat(report.path("digest_equal").asBoolean()).isTrue();
        assertThat(report.path("lost").asInt(-1)).isZero();
        assertThat(report.path("rounds").asInt()).isGreaterThan(1);
        assertThat(report.path("unverified").size()).isZero();
    }

    @Test
    @EnabledIfSystemProperty(named = "tapestry.chaos", matches = "true")
    void damaged_files_locks_and_second_processes_change_no_base()
            throws InterruptedException, IOException {
        JsonNode report =
                report(
                        "--victim",
                        "none",
                        "--random",
                        1,
                        "--disk",
                        2,
                        "--damage",
                        "--held",
                        "--seed",
                        3);
        assertThat(report.path("same").asBoolean()).isTrue();
        assertThat(report.path("lost").size()).isZero();
        assertThat(report.path("trials").size())
                .as("most moments are long enough to be seen: %s", report.path("missed"))
                .isGreaterThan(8);
    }
}
