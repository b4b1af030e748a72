package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.node.round.NodeAgent.Until;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rounds in which members share their mean gradients beside weights. */
@Timeout(120)
class SharedGradientsTest {

    private static final CodecName INT8 = new CodecName("int8/1");

    @TempDir Path directory;

    @Test
    void a_mean_gradient_goes_with_each_contribution_and_everybody_s_corrects_the_next()
            throws IOException {
        List<ContributionManifest> alone = rounds("alone", false);
        List<ContributionManifest> corrected = rounds("corrected", true);

        assertThat(corrected)
                .hasSize(2)
                .allSatisfy(sent -> {
                    assertThat(sent.gradient().map(CodedFile::codec)).contains(INT8);
                    assertThat(sent.sent().files()).hasSize(2);
                });
        assertThat(corrected.get(0).weights()).isEqualTo(alone.get(0).weights());
        assertThat(corrected.get(0).gradient()).isEqualTo(alone.get(0).gradient());
        assertThat(corrected.get(1).weights())
                .as("steps follow the corrected gradient")
                .isNotEqualTo(alone.get(1).weights());
    }

    /** Two rounds; in the second everybody's gradient is there, or not. */
    private List<ContributionManifest> rounds(String name, boolean shared) throws IOException {
        Path folder = Files.createDirectories(directory.resolve(name));
        try (Stage stage = new Stage(folder).joined()) {
            Path base = stage.base("base", 1, 64);
            stage.coordinator.adopt(base);
            takePart(stage, 1, Optional.empty());
            takePart(stage, 2, shared ? Optional.of(stage.meanGradient(base)) : Optional.empty());
            assertThat(kept(folder.resolve("node/gradient")))
                    .as("its own of the first round, everybody's, and the difference")
                    .hasSize(shared ? 3 : 1);
            return stage.coordinator.contributions;
        }
    }

    private static void takePart(Stage stage, int round, Optional<Digest> mean) {
        Digest base = stage.coordinator.view().base().orElseThrow();
        RoundPlan plan = Stage.plan(Stage.RUN.sharing(INT8), round, base, mean);
        stage.coordinator.announce(plan, stage.coordinator.view().roundsPublished() + 1);
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
    }

    private static List<Path> kept(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
