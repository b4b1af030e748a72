package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.round.NodeAgent.Until;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
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

    @Test
    void a_node_broken_off_in_a_round_goes_on_from_its_checkpoint_and_contributes_the_same()
            throws IOException {
        List<ContributionManifest> whole = rounds("whole", true);
        List<ContributionManifest> broken = rounds("broken", true, SharedGradientsTest::breakOff);
        for (int round = 0; round < 2; round++) {
            assertThat(broken.get(round).weights()).isEqualTo(whole.get(round).weights());
            assertThat(broken.get(round).gradient()).isEqualTo(whole.get(round).gradient());
            assertThat(broken.get(round).trainingBitsPerByte())
                    .isEqualTo(whole.get(round).trainingBitsPerByte());
        }
    }

    /** Trains two of three steps, ends, and leaves no more than a kill would. */
    private static void breakOff(Stage stage) {
        stage.updates.clear();
        NodeConfig config = stage.config().withCheckpointEvery(Duration.ZERO);
        try (Node node = stage.node(config)) {
            stage.watch(update -> {
                if (update instanceof Stepped step && step.step() == 2) {
                    node.stop();
                }
            });
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .hasMessageContaining("asked to stop");
        }
        stage.watch(_ -> {});
        try (Node again = stage.node(config)) {
            again.agent().run(Until.noRun());
        }
        assertThat(
                        stage.updates.stream()
                                .filter(Stepped.class::isInstance)
                                .map(update -> ((Stepped) update).step()))
                .as("no step is done twice")
                .containsExactly(1, 2, 3);
        assertThat(stage.home.trainer().resolve("in-round.json")).doesNotExist();
    }

    private List<ContributionManifest> rounds(String name, boolean shared) throws IOException {
        return rounds(name, shared, SharedGradientsTest::run);
    }

    private static void run(Stage stage) {
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
    }

    /** Two rounds; in the second everybody's gradient is there, or not. */
    private List<ContributionManifest> rounds(String name, boolean shared, Consumer<Stage> work)
            throws IOException {
        Path folder = Files.createDirectories(directory.resolve(name));
        try (Stage stage = new Stage(folder).joined()) {
            Path base = stage.base("base", 1, 64);
            stage.coordinator.adopt(base);
            takePart(stage, 1, Optional.empty(), work);
            takePart(
                    stage,
                    2,
                    shared ? Optional.of(stage.meanGradient(base)) : Optional.empty(),
                    work);
            assertThat(kept(folder.resolve("node/gradient")))
                    .as("its own of the first round, everybody's, and the difference")
                    .hasSize(shared ? 3 : 1);
            return stage.coordinator.contributions;
        }
    }

    private static void takePart(
            Stage stage, int round, Optional<Digest> mean, Consumer<Stage> work) {
        Digest base = stage.coordinator.view().base().orElseThrow();
        RoundPlan plan = Stage.plan(Stage.RUN.sharing(INT8), round, base, mean);
        stage.coordinator.announce(plan, stage.coordinator.view().roundsPublished() + 1);
        work.accept(stage);
    }

    private static List<Path> kept(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
