package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.CodecName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
    private int runs;

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
    void memory() {
        Path plot = directory.resolve("memory.svg");
        JsonNode report =
                run(
                        "memory",
                        "--size-mb",
                        2,
                        "--shards",
                        2,
                        "--members",
                        5,
                        "--at-once",
                        4,
                        "--per-process",
                        2,
                        "--coded",
                        "int4/1",
                        "--plot",
                        plot,
                        "--dir",
                        directory);
        assertThat(report.propertyNames())
                .containsExactly(
                        "commit",
                        "cores",
                        "machine_mebibytes",
                        "settings",
                        "model_bytes",
                        "seconds",
                        "coordinator",
                        "member",
                        "rows",
                        "curve");
        for (String program : List.of("coordinator", "member")) {
            JsonNode found = report.path(program);
            assertThat(found.propertyNames())
                    .containsExactly(
                            "heap_mb",
                            "bound_mb",
                            "peak_mb",
                            "anonymous_mb",
                            "file_mb",
                            "page_tables_mb",
                            "within_bound");
            assertThat(found.path("peak_mb").asLong())
                    .as("no less than what was seen, and below the bound")
                    .isBetween(
                            found.path("anonymous_mb").asLong(), found.path("bound_mb").asLong());
            assertThat(found.path("within_bound").asBoolean()).isTrue();
        }
        Map<String, JsonNode> rows = new LinkedHashMap<>();
        report.path("rows").forEach(row -> rows.put(row.path("step").asString(), row));
        assertThat(rows.keySet())
                .containsExactly(
                        "base",
                        "write",
                        "pack",
                        "send",
                        "seal",
                        "tidy",
                        "merge",
                        "candidate",
                        "score",
                        "publish");
        assertThat(rows.get("base").path("mb").asDouble()).isBetween(9.9, 10.2);
        assertThat(rows.get("send").path("mb").asDouble())
                .as("half a byte for each weight, and a manifest")
                .isBetween(1.25, 1.5);
        assertThat(rows.get("merge").path("seconds").asDouble()).isPositive();
        assertThat(report.path("curve").size()).isPositive();
        assertThat(plot).content().startsWith("<svg").contains("largest process");
        assertThat(directory).as("nothing is left").isDirectoryNotContaining("glob:**tapestry-*");
    }

    @Test
    void transfers() {
        JsonNode report =
                run(
                        "transfer",
                        "--size-mb",
                        1,
                        "--repeats",
                        1,
                        "--warm-ups",
                        0,
                        "--dir",
                        directory);
        assertThat(report.propertyNames())
                .containsExactly("size_mb", "cores", "upload", "download");
        for (String leg : List.of("upload", "download")) {
            assertThat(report.path(leg).propertyNames())
                    .containsExactly("goodput_mbit", "raw_mbit", "share", "streams");
            assertThat(report.path(leg).path("share").path("median").asDouble()).isPositive();
        }
        assertThat(directory).as("nothing is left").isDirectoryNotContaining("glob:**tapestry-*");
    }

    @Test
    void distant_lines_where_this_user_may_make_them_and_else_a_word_why_not() {
        Path printed = directory.resolve("wan.log");
        try (Program bench =
                Program.start(
                        printed,
                        "bench",
                        "wan",
                        "--rtt",
                        20,
                        "--loss",
                        1,
                        "--rate",
                        100,
                        "--size-mb",
                        1,
                        "--repeats",
                        1,
                        "--json",
                        "--dir",
                        directory)) {
            await("the end").atMost(PATIENCE).until(() -> !bench.process().isAlive());
            if (bench.process().exitValue() == 0) {
                assertThat(bench.printed()).contains("\"rtt_ms\":20", "\"lost_percent\":");
            } else {
                assertThat(bench.printed()).containsAnyOf("only root", "/dev/net/tun", "cannot ");
            }
        }
        assertThat(directory).as("nothing is left").isDirectoryNotContaining("glob:**tapestry-*");
        assertThat(Path.of("/run/netns").toFile().list())
                .satisfiesAnyOf(
                        names -> assertThat(names).isNull(),
                        names ->
                                assertThat(names)
                                        .noneMatch(name -> name.startsWith("tapestry-wan-")));
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

    @Test
    void codecs_take_the_bytes_of_the_protocol_and_lose_what_they_may() {
        JsonNode report = run("codecs", "--size-mb", 1, "--repeats", 1);
        assertThat(report.propertyNames())
                .containsExactly("megabytes", "copy_mb_per_second", "codecs");
        assertThat(report.path("megabytes").asInt()).isEqualTo(1);
        assertThat(report.path("copy_mb_per_second").asDouble()).isPositive();
        Map<String, JsonNode> rows = new LinkedHashMap<>();
        report.path("codecs").forEach(row -> rows.put(row.path("codec").asString(), row));
        assertThat(rows.keySet())
                .isEqualTo(
                        CodecName.KNOWN.stream()
                                .map(CodecName::value)
                                .collect(Collectors.toCollection(LinkedHashSet::new)));
        rows.forEach((codec, row) -> {
            assertThat(row.propertyNames())
                    .containsExactly(
                            "codec",
                            "encode_mb_per_second",
                            "decode_mb_per_second",
                            "bytes_per_parameter",
                            "relative_error",
                            "saving",
                            "compress_mb_per_second",
                            "decompress_mb_per_second");
            assertThat(row.path("saving").asDouble()).as(codec).isBetween(-0.01, 0.5);
            assertThat(row.path("encode_mb_per_second").asDouble()).as(codec).isPositive();
            assertThat(row.path("decode_mb_per_second").asDouble()).as(codec).isPositive();
            // 250,000 numbers are one group, whose length the protocol tells.
            double bytes = row.path("bytes_per_parameter").asDouble() * 250_000;
            double error = row.path("relative_error").asDouble();
            switch (codec) {
                case "fp32/1" -> is(codec, bytes, 1_000_000, error, 0, 0);
                case "bf16/1" -> is(codec, bytes, 500_000, error, 0.0005, 0.004);
                case "int8/1" -> is(codec, bytes, 2 * 3_907 + 250_000, error, 0.002, 0.02);
                case "e3m0/1", "int4/1" -> is(codec, bytes, 2 * 3_907 + 125_000, error, 0.1, 0.25);
                case "int2/1" -> is(codec, bytes, 4 * 1_954 + 62_500, error, 0.3, 0.6);
                // A kept number takes its sign, one bit more, and in 8 to 11 bits where it is.
                case "topk64/1" -> isBetween(codec, bytes, 8, 11, 64, error);
                case "topk32/1" -> isBetween(codec, bytes, 7, 10, 32, error);
                case "topk16/1" -> isBetween(codec, bytes, 6, 9, 16, error);
                default -> fail("no figures are known of %s", codec);
            }
        });
        assertThat(List.of("topk64/1", "topk32/1", "topk16/1", "int2/1", "int8/1", "bf16/1"))
                .as("the more bytes, the less is lost")
                .isSortedAccordingTo(
                        Comparator.comparingDouble(codec ->
                                -rows.getOrDefault(codec, report)
                                        .path("relative_error")
                                        .asDouble()));
        assertThat(table())
                .as("the table for people says the same")
                .isEqualTo(
                        rows.values().stream()
                                .map(row ->
                                        "%s %.5f %.4f"
                                                .formatted(
                                                        row.path("codec").asString(),
                                                        row.path("bytes_per_parameter").asDouble(),
                                                        row.path("relative_error").asDouble()))
                                .toList());
    }

    private static void is(
            String codec, double bytes, double expected, double error, double least, double most) {
        assertThat(bytes).as(codec).isCloseTo(expected, within(0.01));
        assertThat(error).as(codec).isBetween(least, most);
    }

    /** For top-k: so many bits for each of a {@code share}th of the numbers. */
    private static void isBetween(
            String codec, double bytes, int least, int most, int share, double error) {
        assertThat(bytes * 8 * share / 250_000).as(codec).isBetween((double) least, (double) most);
        assertThat(error).as(codec).isBetween(0.6, 0.9);
    }

    /** What {@code bench codecs} prints for people, without what is measured in seconds. */
    private List<String> table() {
        List<String> lines = printed("codecs", "--size-mb", 1, "--repeats", 1).lines().toList();
        int header =
                IntStream.range(0, lines.size())
                        .filter(line -> lines.get(line).matches("codec +encode MB/s .*error.*"))
                        .findFirst()
                        .orElseThrow();
        assertThat(lines.getLast()).matches("copy +[1-9][0-9]*");
        return lines.subList(header + 1, lines.size() - 1).stream()
                .map(line -> line.split(" +"))
                .map(cells -> String.join(" ", cells[0], cells[3], cells[4]))
                .toList();
    }

    /** The one line of JSON that {@code tapestry bench words… --json} prints. */
    private JsonNode run(Object... words) {
        Object[] command = Arrays.copyOf(words, words.length + 1);
        command[words.length] = "--json";
        String line =
                printed(command)
                        .lines()
                        .filter(printed -> printed.startsWith("{"))
                        .findFirst()
                        .orElseThrow();
        return JsonMapper.builder().build().readTree(line);
    }

    /** Everything that {@code tapestry bench words…} prints until it ends well. */
    private String printed(Object... words) {
        Object[] command = new Object[words.length + 1];
        command[0] = "bench";
        System.arraycopy(words, 0, command, 1, words.length);
        Path output = directory.resolve("printed-" + ++runs + ".log");
        try (Program bench = Program.start(output, command)) {
            await("the end").atMost(PATIENCE).until(() -> !bench.process().isAlive());
            assertThat(bench.process().exitValue()).as(bench::printed).isZero();
            return bench.printed();
        }
    }
}
