package dev.tapestry.app.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.node.MetricsFile;
import dev.tapestry.node.NodeUpdate;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NodeTailTest {

    @TempDir Path directory;

    @Test
    void a_node_that_was_started_again_is_starting_until_it_says_something_new() {
        Path file = directory.resolve("metrics.jsonl");
        NodeTail tail = new NodeTail(file);
        assertThat(tail.doing()).isEqualTo("starting");
        MetricsFile metrics = new MetricsFile(file);
        metrics.on(new NodeUpdate.Began(Instant.EPOCH, NodeUpdate.Phase.TRAINING, 3, ""));
        metrics.on(new NodeUpdate.Stepped(Instant.EPOCH, 3, 3, 4, 100, 2.5, 900));
        metrics.on(new NodeUpdate.Transferred(Instant.EPOCH, 7, 8));
        assertThat(tail.news()).hasSize(3);
        assertThat(tail.doing()).startsWith("step 3/4");

        tail.starts();
        assertThat(tail.doing()).isEqualTo("starting");
        assertThat(tail.up()).as("bytes count over all its processes").isEqualTo(7);
        metrics.on(new NodeUpdate.Began(Instant.EPOCH, NodeUpdate.Phase.TRAINING, 4, ""));
        assertThat(tail.news()).hasSize(1);
        assertThat(tail.doing()).isEqualTo("training");
    }
}
