package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The benchmarks on something small: they run to their end and say what scripts rely on. */
@Timeout(600)
class BenchTest {

    private static final Duration PATIENCE = Duration.ofMinutes(5);

    @TempDir Path directory;

    @Test
    void rounds() {
        JsonNode report =
                run(
                        "round",
                        "--size-mb",
                        1,
                        "--members",
                        2,
                        "--rounds",
                        1,
                        "--warm-ups",
                        1,
                        "--dir",
                        directory);
        assertThat(report.propertyNames())
                .containsExactly(
                        "size_mb",
                        "members",
                        "rounds",
                        "seconds_per_round_median",
                        "seconds_per_round_min",
                        "floor_seconds",
                        "rss_mb",
                        "bytes_up",
                        "bytes_down");
        assertThat(report.path("seconds_per_round_min").asDouble()).isPositive();
        assertThat(report.path("floor_seconds").asDouble()).isPositive();
        assertThat(report.path("rss_mb").propertyNames())
                .containsExactly("coordinator", "node_max");
        assertThat(report.path("bytes_up").asLong())
                .as("two members' weights and a little")
                .isBetween(1_900_000L, 2_200_000L);
        assertThat(directory).as("nothing is left").isDirectoryNotContaining("glob:**tapestry-*");
    }

    @Test
    void utilisation() {
        JsonNode report =
                run(
                        "utilisation",
                        "--members",
                        1,
                        "--steps",
                        2,
                        "--overlap",
                        1,
                        "--rounds",
                        1,
                        "--turns",
                        1,
                        "--gradients",
                        "--mbit",
                        1000,
                        "--latency-ms",
                        1,
                        "--dir",
                        directory);
        assertThat(report.propertyNames())
                .contains(
                        "parameters",
                        "utilisation_waiting",
                        "utilisation_overlapping",
                        "predicted_waiting",
                        "predicted_overlapping");
        assertThat(report.path("parameters").asLong()).isBetween(9_000_000L, 12_000_000L);
        assertThat(report.path("utilisation_overlapping").asDouble()).isPositive();
        assertThat(report.path("bytes_up").asLong())
                .as("four bits of each weight and eight of each gradient")
                .isBetween(15_000_000L, 20_000_000L);
        assertThat(directory).as("nothing is left").isDirectoryNotContaining("glob:**tapestry-*");
    }

    @Test
    void rounds_end_when_a_node_has_died() {
        try (Program bench =
                Program.start(
                        directory.resolve("printed.log"),
                        "bench",
                        "round",
                        "--size-mb",
                        1,
                        "--rounds",
                        100_000,
                        "--dir",
                        directory)) {
            await("a round").atMost(PATIENCE).until(() -> bench.printed().contains("round -18"));
            bench.child("MemberProcess\0").destroyForcibly();
            await("the end").atMost(PATIENCE).until(() -> !bench.process().isAlive());
            assertThat(bench.process().exitValue()).isEqualTo(1);
            assertThat(bench.printed()).contains("a process ended before it answered");
        }
    }

    @Test
    void merging() {
        JsonNode report = run("merge", "--size-mb", 4, "--members", 3, "--dir", directory);
        assertThat(report.path("fraction_of_copy").asDouble())
                .isEqualTo(
                        report.path("read_gb_per_second").asDouble()
                                / report.path("copy_gb_per_second").asDouble());
        assertThat(report.path("peak_rss_mb").asLong()).isPositive();
    }

    @Test
    void training() {
        JsonNode report =
                run(
                        "train",
                        "--steps",
                        24,
                        "--models",
                        "1M",
                        "--precisions",
                        "fp32,bf16",
                        "--sequences",
                        1);
        assertThat(report.path("rows").valueStream().map(row -> row.path("precision").asString()))
                .containsExactly("FP32", "BF16");
        for (JsonNode row : report.path("rows")) {
            assertThat(row.path("rss_mebibytes").size()).isEqualTo(2);
            assertThat(row.path("share_of_matmul").asDouble()).isPositive();
        }
    }

    /** The one line of JSON that {@code tapestry bench words… --json} prints. */
    private JsonNode run(Object... words) {
        Object[] command = new Object[words.length + 2];
        command[0] = "bench";
        System.arraycopy(words, 0, command, 1, words.length);
        command[command.length - 1] = "--json";
        try (Program bench = Program.start(directory.resolve("printed.log"), command)) {
            await("the end").atMost(PATIENCE).until(() -> !bench.process().isAlive());
            assertThat(bench.process().exitValue()).as(bench::printed).isZero();
            String line =
                    bench.printed()
                            .lines()
                            .filter(printed -> printed.startsWith("{"))
                            .findFirst()
                            .orElseThrow();
            return JsonMapper.builder().build().readTree(line);
        }
    }
}
