package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A slice of the parity study, on real text: its arms come out in the right order. */
@Timeout(900)
class ParitySliceTest {

    private static final Duration PATIENCE = Duration.ofMinutes(14);

    @TempDir Path directory;

    @Test
    void sharing_gradients_comes_nearer_to_pooled_training_than_weights_alone() throws IOException {
        Path plan = directory.resolve("slice.yaml");
        try (InputStream text = getClass().getResourceAsStream("/parity-slice.yaml")) {
            Files.write(plan, Objects.requireNonNull(text).readAllBytes());
        }
        try (Program one = study(plan, "one");
                Program other = study(plan, "other")) {
            for (Program process : List.of(one, other)) {
                await("the end").atMost(PATIENCE).until(() -> !process.process().isAlive());
                assertThat(process.process().exitValue()).as(process::printed).isZero();
            }
        }
        // Whichever process ended first may have reported before the last cell was there.
        assertThat(Program.here("study", "parity", plan, "--report", "--work", work())).isZero();
        Map<String, Double> bitsPerByte = new HashMap<>();
        JsonNode figures = JsonMapper.shared().readTree(directory.resolve("slice.json").toFile());
        figures.path("arms")
                .forEach(arm ->
                        bitsPerByte.put(
                                arm.path("name").asString(), arm.path("mean_bpb").asDouble()));

        assertThat(List.of("central", "shared-gradients", "weights-alone", "start"))
                .as("bits per byte: %s", bitsPerByte)
                .isSortedAccordingTo((a, b) -> bitsPerByte.get(a).compareTo(bitsPerByte.get(b)));
        assertThat(directory.resolve("slice.html")).content().contains("<svg");
    }

    private Program study(Path plan, String name) {
        return Program.start(
                directory.resolve(name + ".log"), "study", "parity", plan, "--work", work());
    }

    private Path work() {
        return directory.resolve("work");
    }
}
