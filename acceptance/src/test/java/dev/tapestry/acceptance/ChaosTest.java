package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Power cuts in the middle of a run; coordinator and node go down together. */
@Timeout(900)
class ChaosTest {

    private static final int MOMENTS = 8;
    private static final int DRAWN = 2;

    @TempDir Path directory;

    @Test
    void a_run_in_which_coordinator_and_nodes_are_killed_gives_the_bases_of_one_in_which_nobody_is()
            throws InterruptedException {
        Path output = directory.resolve("chaos.out");
        try (Program chaos =
                Program.start(
                        output,
                        "chaos",
                        "--victim",
                        "both",
                        "--random",
                        DRAWN,
                        "--members",
                        2,
                        "--steps",
                        4,
                        "--seed",
                        3,
                        "--dir",
                        directory.resolve("work"),
                        "--json")) {
            assertThat(chaos.process().waitFor(14, TimeUnit.MINUTES)).as(chaos.printed()).isTrue();
            assertThat(chaos.process().exitValue()).as(chaos.printed()).isZero();
            JsonNode report =
                    JsonMapper.shared().readTree(chaos.printed().lines().toList().getLast());
            assertThat(report.path("same").asBoolean()).isTrue();
            assertThat(report.path("trials").size() + report.path("missed").size())
                    .isEqualTo(MOMENTS + DRAWN);
            assertThat(report.path("trials").size())
                    .as("most moments are long enough to be seen: %s", report.path("missed"))
                    .isGreaterThan(MOMENTS / 2);
        }
    }
}
