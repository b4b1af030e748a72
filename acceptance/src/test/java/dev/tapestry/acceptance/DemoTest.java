package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.node.build.SovereignBuild;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The demo, with few rounds. */
@Timeout(1800)
class DemoTest {

    private static final Duration PATIENCE = Duration.ofMinutes(12);

    @TempDir Path directory;

    @Test
    void a_demo_whose_processes_are_killed_and_that_is_interrupted_goes_on_where_it_was()
            throws IOException {
        Path work = directory.resolve("demo");
        Path figures = directory.resolve("figures.json");
        Object[] words = {"demo", "--rounds", 4, "--dir", work, "--json", figures};

        try (Program demo = Program.start(directory.resolve("first.log"), words)) {
            awaitLine(demo, "round  1/4");
            demo.child("node\0start\0" + work.resolve("nodes/insurer")).destroyForcibly();
            awaitLine(demo, "node insurer ended unexpectedly");
            demo.child("coordinator\0start\0").destroyForcibly();
            awaitLine(demo, "coordinator ended unexpectedly");
            awaitLine(demo, "round  2/4");
            assertThat(Program.here("demo", "--seed", 7, "--dir", work))
                    .as("another demo in its directory")
                    .isEqualTo(1);
            List<ProcessHandle> all = demo.process().descendants().toList();
            assertThat(all).hasSizeGreaterThanOrEqualTo(5);
            demo.interrupt();
            await("all processes end")
                    .atMost(Duration.ofMinutes(1))
                    .until(() ->
                            !demo.process().isAlive()
                                    && all.stream().noneMatch(ProcessHandle::isAlive));
            assertThat(demo.process().exitValue()).isEqualTo(130);
        }
        // As a job leaves it that is stopped between exporting its model and scoring it.
        Path unscored = Files.createDirectories(work.resolve("central/model"));
        Files.writeString(unscored.resolve("config.json"), "{}");

        JsonNode result = ended(Program.start(directory.resolve("second.log"), words), figures);
        assertThat(Files.readString(directory.resolve("second.log")))
                .doesNotContain("founding the consortium");
        assertThat(result.path("rounds").asInt()).isEqualTo(4);
        for (JsonNode member : result.path("members")) {
            assertThat(bitsPerByte(member, "shared_base"))
                    .as("the shared base beats the start of %s", member)
                    .isLessThan(bitsPerByte(member, "initial"));
            assertThat(bitsPerByte(member, "sovereign"))
                    .as("the sovereign model beats the base of %s", member)
                    .isLessThan(bitsPerByte(member, "shared_base"));
        }
        assertThat(Files.readString(work.resolve("report.html")))
                .contains("<svg", "pharmacy")
                .isEqualTo(Files.readString(directory.resolve("figures.html")));
        assertThat(Program.here("verify", "log", work.resolve("coordinator"))).isZero();
    }

    @Test
    void nations_train_from_scratch() throws IOException {
        Path figures = directory.resolve("figures.json");
        JsonNode result =
                ended(
                        Program.start(
                                directory.resolve("demo.log"),
                                "demo",
                                "--consortium",
                                "nations",
                                "--from-scratch",
                                "--seed",
                                2,
                                "--rounds",
                                1,
                                "--dir",
                                directory.resolve("demo"),
                                "--json",
                                figures),
                        figures);
        assertThat(result.path("seed").asLong()).isEqualTo(2);
        assertThat(result.path("members").valueStream().map(m -> m.path("id").asString()))
                .containsExactly("es", "it", "ro", "en");
        for (JsonNode member : result.path("members")) {
            assertThat(bitsPerByte(member, "initial"))
                    .as("random weights know nothing of %s", member)
                    .isGreaterThan(3);
        }
    }

    /** The figures of a demo that ends well, with all that they must hold. */
    private static JsonNode ended(Program program, Path figures) throws IOException {
        try (Program demo = program) {
            await("the end").atMost(PATIENCE).until(() -> !demo.process().isAlive());
            assertThat(demo.process().exitValue()).as(demo::printed).isZero();
        }
        JsonNode result = JsonMapper.builder().build().readTree(figures);
        for (String sum :
                List.of("seed", "seconds", "bytes_up", "bytes_down", "bytes_data_parallel")) {
            assertThat(result.path(sum).asDouble()).as(sum).isPositive();
        }
        assertThat(result.path("gap_to_central_percent").asDouble()).isBetween(-50.0, 200.0);
        assertThat(result.path("members").size()).isEqualTo(4);
        for (JsonNode member : result.path("members")) {
            assertThat(member.path("card").asString()).isNotBlank();
            for (String arm : List.of("initial", "shared_base", "sovereign", "alone", "central")) {
                assertThat(bitsPerByte(member, arm)).as("%s of %s", arm, member).isPositive();
            }
        }
        assertThat(result.path("models").valueStream().map(m -> m.path("role").asString()))
                .containsExactly("shared-base", "sovereign", "sovereign", "sovereign", "sovereign");
        for (JsonNode model : result.path("models")) {
            assertThat(SovereignBuild.digest(Path.of(model.path("path").asString())).hex())
                    .isEqualTo(model.path("digest").asString());
        }
        return result;
    }

    private static double bitsPerByte(JsonNode member, String arm) {
        return member.path(arm + "_bpb").asDouble();
    }

    private static void awaitLine(Program demo, String line) {
        await(line)
                .atMost(PATIENCE)
                .conditionEvaluationListener(
                        _ -> assertThat(demo.process().isAlive()).as(demo::printed).isTrue())
                .until(() -> demo.printed().contains(line));
    }
}
