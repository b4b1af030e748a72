package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeUpdate.BaseBelieved;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.weights.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rounds whose first steps are trained while the contribution of the one before travels. */
@Timeout(180)
class OverlapTest {

    private static final int AHEAD = 2;
    private static final CodecName INT8 = new CodecName("int8/1");
    private static final int ROUNDS = 3;
    private static final Until ROUND_2_IS_OVER =
            view -> view.roundsPublished() == 2 && view.phase() == RoundView.Phase.PUBLISHED;

    @TempDir Path directory;
    private Optional<Digest> mean = Optional.empty();

    @Test
    void the_next_round_has_begun_before_the_contribution_is_sealed() throws IOException {
        try (Stage stage = stage("live", false)) {
            CountDownLatch ahead = new CountDownLatch(AHEAD);
            stage.watch(update -> {
                if (update instanceof Stepped step && step.round() == 2) {
                    ahead.countDown();
                }
                announceNext(stage, update, false);
            });
            stage.coordinator.faults =
                    (_, path) -> {
                        if (path.endsWith("/seal") && path.contains("/rounds/1/")) {
                            await(ahead);
                        }
                        return Fault.NONE;
                    };
            try (Node node = stage.node()) {
                node.agent().run(Until.noRun());
            }
            assertThat(stage.coordinator.contributions).hasSize(ROUNDS);
            assertThat(steps(stage, 1)).containsExactly(1, 2, 3);
            assertThat(steps(stage, 2)).containsExactly(1, 2, 3);
        }
    }

    @Test
    void what_is_trained_ahead_is_the_same_after_a_restart() throws IOException {
        assertThat(restarted("plain", false)).isEqualTo(lived("plain-live", false));
    }

    @Test
    void gradients_are_corrected_ahead_as_they_were_before_the_restart() throws IOException {
        assertThat(restarted("shared", true)).isEqualTo(lived("shared-live", true));
    }

    /** What one member alone contributes is the base: nothing is to be put on top of it. */
    @Test
    void what_was_learnt_ahead_is_put_on_top_of_the_base() throws IOException {
        float[] waiting;
        try (Stage stage = new Stage(Files.createDirectories(directory.resolve("waiting")))) {
            stage.joined();
            stage.coordinator.adopt(stage.base("base", 1, 64));
            stage.coordinator.announce(Stage.plan(1, base(stage)), 2);
            stage.watch(update -> {
                if (update instanceof BaseBelieved && published(stage) == 1) {
                    stage.coordinator.announce(Stage.plan(2, base(stage)), 2);
                }
            });
            waiting = secondContribution(stage);
        }
        try (Stage stage = stage("overlapping", false)) {
            stage.watch(update -> announceNext(stage, update, false));
            assertThat(secondContribution(stage)).containsExactly(waiting, within(1e-5f));
        }
    }

    @Test
    void after_a_round_that_was_rolled_back_the_steps_ahead_are_those_of_a_restarted_node()
            throws IOException {
        assertThat(rolledBack("at-once", false)).isEqualTo(rolledBack("restarted", true));
    }

    private List<ContributionManifest> rolledBack(String name, boolean restart) throws IOException {
        try (Stage stage = stage(name, false)) {
            stage.coordinator.rollsBack = true;
            Node node = stage.node();
            node.agent().run(view -> view.phase() == RoundView.Phase.ROLLED_BACK);
            stage.coordinator.rollsBack = false;
            if (restart) {
                node.close();
                node = stage.node();
            }
            stage.coordinator.announce(plan(stage, 2, false), 1);
            node.agent().run(Until.noRun());
            node.close();
            return manifests(stage);
        }
    }

    /** Three rounds of one node that lives through all. */
    private List<ContributionManifest> lived(String name, boolean shared) throws IOException {
        try (Stage stage = stage(name, shared)) {
            stage.watch(update -> announceNext(stage, update, shared));
            try (Node node = stage.node()) {
                node.agent().run(Until.noRun());
            }
            return manifests(stage);
        }
    }

    /** The same rounds; after the second the node is closed and another opened. */
    private List<ContributionManifest> restarted(String name, boolean shared) throws IOException {
        try (Stage stage = stage(name, shared)) {
            stage.watch(update -> {
                if (published(stage) == 1) {
                    announceNext(stage, update, shared);
                }
            });
            try (Node node = stage.node()) {
                node.agent().run(ROUND_2_IS_OVER);
            }
            stage.coordinator.announce(plan(stage, 3, shared), ROUNDS);
            try (Node node = stage.node()) {
                node.agent().run(Until.noRun());
            }
            return manifests(stage);
        }
    }

    private float[] secondContribution(Stage stage) throws IOException {
        try (Node node = stage.node()) {
            node.agent().run(Until.noRun());
        }
        ContributionManifest sent = stage.coordinator.contributions.get(1);
        Path file = stage.directory.resolve("second.safetensors");
        Files.write(file, stage.coordinator.parts.get(sent.sent().parts().getFirst().digest()));
        try (SafetensorsFile weights = SafetensorsFile.open(file)) {
            MemorySegment numbers = weights.data("model.layers.0.mlp.down_proj.weight");
            return numbers.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }

    private Stage stage(String name, boolean shared) throws IOException {
        Stage stage = new Stage(Files.createDirectories(directory.resolve(name))).joined();
        Path model = stage.base("base", 1, 64);
        stage.coordinator.adopt(model);
        if (shared) {
            mean = Optional.of(stage.meanGradient(model));
        }
        stage.coordinator.announce(plan(stage, 1, shared), ROUNDS);
        return stage;
    }

    private void announceNext(Stage stage, NodeUpdate update, boolean shared) {
        int published = published(stage);
        if (update instanceof BaseBelieved && published < ROUNDS) {
            stage.coordinator.announce(plan(stage, published + 1, shared), ROUNDS);
        }
    }

    private RoundPlan plan(Stage stage, int round, boolean shared) {
        RunPlan run = Stage.RUN.overlapping(AHEAD);
        return Stage.plan(shared ? run.sharing(INT8) : run, round, base(stage), mean);
    }

    private static Digest base(Stage stage) {
        return stage.coordinator.view().base().orElseThrow();
    }

    private static int published(Stage stage) {
        return stage.coordinator.view().roundsPublished();
    }

    private static List<Integer> steps(Stage stage, int round) {
        return stage.updates.stream()
                .filter(Stepped.class::isInstance)
                .map(Stepped.class::cast)
                .filter(step -> step.round() == round)
                .map(Stepped::step)
                .toList();
    }

    /** All but the envelope's moment: what was trained. */
    private static List<ContributionManifest> manifests(Stage stage) {
        return List.copyOf(stage.coordinator.contributions);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
