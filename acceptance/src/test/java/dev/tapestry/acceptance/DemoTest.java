package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The demo, in two rounds, with an interrupt between them. */
@Timeout(900)
class DemoTest {

    private static final Duration PATIENCE = Duration.ofMinutes(6);

    @TempDir Path directory;

    @Test
    void an_interrupted_demo_leaves_no_process_and_goes_on_where_it_was() throws IOException {
        Path work = directory.resolve("demo");
        Path figures = directory.resolve("figures.json");
        Object[] words = {"demo", "--rounds", 2, "--dir", work, "--json", figures};

        try (Program demo = Program.start(directory.resolve("first.log"), words)) {
            await("the first round")
                    .atMost(PATIENCE)
                    .conditionEvaluationListener(
                            _ -> assertThat(demo.process().isAlive()).as(demo::printed).isTrue())
                    .until(() -> demo.printed().contains("round  1/2"));
            List<ProcessHandle> all = demo.process().descendants().toList();
            assertThat(all).hasSizeGreaterThanOrEqualTo(5);
            demo.interrupt();
            await("all processes end")
                    .atMost(Duration.ofSeconds(15))
                    .until(() ->
                            !demo.process().isAlive()
                                    && all.stream().noneMatch(ProcessHandle::isAlive));
            assertThat(demo.process().exitValue()).isEqualTo(130);
        }

        try (Program demo = Program.start(directory.resolve("second.log"), words)) {
            await("the end").atMost(PATIENCE).until(() -> !demo.process().isAlive());
            assertThat(demo.process().exitValue()).as(demo::printed).isZero();
            assertThat(demo.printed()).doesNotContain("founding the consortium");
        }
        JsonNode result = JsonMapper.builder().build().readTree(figures);
        assertThat(result.path("rounds").asInt()).isEqualTo(2);
        assertThat(result.path("members").size()).isEqualTo(4);
        assertThat(result.path("models").size()).isEqualTo(5);
        assertThat(result.path("bytes_up").asLong()).isPositive();
        for (JsonNode member : result.path("members")) {
            for (String arm : List.of("initial", "shared_base", "sovereign", "alone", "central")) {
                assertThat(member.path(arm + "_bpb").asDouble())
                        .as("%s of %s", arm, member)
                        .isBetween(0.5, 8.0);
            }
        }
        assertThat(work.resolve("report.html")).isNotEmptyFile();
        assertThat(Program.here("verify", "log", work.resolve("coordinator"))).isZero();
    }
}
