package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RecentUpdatesTest {

    private static final Instant NOON = Instant.parse("2026-11-27T12:00:00Z");

    @TempDir Path directory;

    @Test
    void a_node_that_never_ran_has_none() {
        assertThat(RecentUpdates.of(new NodeHome(directory))).isEmpty();
    }

    @Test
    void what_was_written_is_read_and_the_line_of_a_kill_is_passed_over() throws IOException {
        NodeHome home = new NodeHome(directory);
        List<NodeUpdate> written =
                List.of(
                        new NodeUpdate.Began(NOON, NodeUpdate.Phase.TRAINING, 3, "32 steps"),
                        new NodeUpdate.Stepped(NOON, 3, 1, 32, 512, 5.5, 1200),
                        new NodeUpdate.Hindered(
                                NOON, 3, "STORAGE", "full", 1, Duration.ofSeconds(5)));
        MetricsFile file = new MetricsFile(home.metrics());
        written.forEach(file::on);
        Files.writeString(home.metrics(), "{\"at\":\"2026-11", StandardOpenOption.APPEND);

        assertThat(RecentUpdates.of(home)).isEqualTo(written);
    }

    @Test
    void of_a_earlyfile_the_end_is_read() {
        NodeHome home = new NodeHome(directory);
        MetricsFile file = new MetricsFile(home.metrics());
        NodeUpdate early = new NodeUpdate.Unreachable(NOON, "x".repeat(1 << 20), 1, Duration.ZERO);
        NodeUpdate last = new NodeUpdate.Transferred(NOON, 1, 2);
        file.on(early);
        file.on(last);

        assertThat(RecentUpdates.of(home)).containsExactly(last);
    }
}
